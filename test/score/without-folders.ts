/** What is published names files, and nothing of where they lie on this machine. */
export function withoutFolders(text: string): string {
  return text.replaceAll(/(?<![^\s"'(:=])\/\S*\/(?=[^/\s]+)/g, "");
}
