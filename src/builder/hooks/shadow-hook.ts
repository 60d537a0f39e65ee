// Which hook of a shadow variable (XSPLICE_SHADOW of share/include/xsplice/shadow.h) a name is about: that of its
// function, or of the pointer to it.

export function shadowHookOf(name: string): "join" | "leave" | undefined {
  const found = /xsplice_shadow_(join|leave)_/.exec(name)?.[1];
  return found === "join" || found === "leave" ? found : undefined;
}
