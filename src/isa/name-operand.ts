// Formats instructions for reading: the name of the target replaces its address.

/**
 * `call 0x24 <f>` becomes `call f`, and `lea (%rip),%rdi # 0x24 <x>` becomes `lea x(%rip),%rdi`; on
 * AArch64 `ldr x0, [x1, #8] <:lo12:x>` becomes `ldr x0, [x1, :lo12:x]`.
 */
export function nameOperand(text: string): string {
  const [, plain, name] = /^(.*?)(?: # 0x[0-9a-f]+)? <(.*)>$/s.exec(text) ?? [];
  if (plain === undefined || name === undefined) return text;
  if (name.startsWith(":lo12:")) return nameLowBits(plain, name);
  const operand = /-?(?:0x)?[0-9a-f]*(?=\(%rip\))/.exec(plain) ?? /(?:0x)?[0-9a-f]+$/.exec(plain);
  if (operand === null) return `${plain} <${name}>`;
  return plain.slice(0, operand.index) + name + plain.slice(operand.index + operand[0].length);
}

function nameLowBits(text: string, name: string): string {
  const [, before, inBrackets] = /^(.*?)(?:, #(?:0x)?[0-9a-f]+)?(\]?)$/s.exec(text) ?? [];
  return `${before}, ${name}${inBrackets}`;
}
