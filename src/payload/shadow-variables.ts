// Shadow variables, by the names that XSPLICE_SHADOW of share/include/xsplice/shadow.h makes.

/** Which hook a name is about: that of its function, or of the pointer to it. */
export function shadowHookOf(name: string): "join" | "leave" | undefined {
  const found = /xsplice_shadow_(join|leave)_/.exec(name)?.[1];
  return found === "join" || found === "leave" ? found : undefined;
}

/** The name that its author gave, of such a place. */
export function shadowNameOf(name: string): string | undefined {
  return /(?:^|#)xsplice_shadow_user_(\w+)/.exec(name)?.[1];
}

/** Of a variable: the payload's place in the list of who uses a shadow. The load hook begins it anew. */
export function isUserOfShadow(name: string): boolean {
  return shadowNameOf(name) !== undefined;
}
