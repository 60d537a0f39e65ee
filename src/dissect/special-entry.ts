// One entry of a table that Xen processes besides the livepatch tables, as text: ABI reference §1.8.

import type { BugFrameType } from "../xen-abi/bug-frame.ts";

/** Places are names (PayloadPlaces.nameOf), sizes bytes. */
export type SpecialEntry =
  | {
      readonly kind: "alternative";
      readonly place: string;
      readonly replacement: string;
      /** In the numbering of the build that the payload is for. */
      readonly feature: number;
      readonly appliesWhen: "present" | "absent";
      readonly originalSize: number;
      readonly replacementSize: number;
      /** `undefined` where the layout has none. */
      readonly paddingSize: number | undefined;
    }
  | { readonly kind: "call-site"; readonly place: string }
  | { readonly kind: "exception"; readonly place: string; readonly continuesAt: string }
  | {
      readonly kind: "bug-frame";
      readonly type: BugFrameType;
      readonly place: string;
      /** The address of the source file's name, or of the function to run. */
      readonly pointer: string;
      readonly line: number;
      /** The condition of a failed assertion; `undefined` where frames have none. */
      readonly message: string | undefined;
    };
