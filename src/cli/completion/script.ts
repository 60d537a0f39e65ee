// What a shell has to be told once. The thinking is in complete-words.ts: each script asks
// `xsplice completion SHELL -- WORDS` with the words typed so far, the last one being unfinished.
// A line of ":files" in the answer stands for the files of the directory.

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell): string {
  return scripts[shell];
}

const scripts: Readonly<Record<Shell, string>> = {
  bash: `_xsplice() {
  local rest="\${COMP_LINE:0:COMP_POINT}" words=() piece line file index
  # bash divides words at : and = too: what no blank divides is one word.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    piece="\${COMP_WORDS[index]}"
    if ((index > 0)) && [[ "$rest" != [[:space:]]* ]]; then
      words[\${#words[@]}-1]+="$piece"
    else
      words+=("$piece")
    fi
    rest="\${rest#"\${rest%%[![:space:]]*}"}"
    rest="\${rest#"$piece"}"
  done
  local current="\${words[\${#words[@]}-1]}" option="" breaks="\${COMP_WORDBREAKS//[^:=]/}" before=""
  [[ "$current" == --*=* ]] && option="\${current%%=*}="
  # Only what follows the last of these characters is replaced by a reply.
  [[ -n "$breaks" ]] && before="\${current%"\${current##*[$breaks]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r file; do
        file="$option$file"
        COMPREPLY+=("\${file#"$before"}")
      done < <(compgen -f -- "\${current#"$option"}")
    else
      [[ "$line" == *: ]] && compopt -o nospace 2>/dev/null
      COMPREPLY+=("\${line#"$before"}")
    fi
  done < <(xsplice completion bash -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _xsplice xsplice
`,
  zsh: `#compdef xsplice
_xsplice() {
  local line
  local -a found
  for line in "\${(@f)$(xsplice completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line = ":files" ]]; then
      compset -P '--*='
      _files
    elif [[ -n $line ]]; then
      found+=("$line")
    fi
  done
  (( \${#found} )) && _describe xsplice found
}
if [[ \${funcstack[1]} = _xsplice ]]; then
  _xsplice "$@"
else
  compdef _xsplice xsplice
fi
`,
  fish: `function __xsplice_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l option (string match -r -- '^--[^=]+=' $words[-1])
  for line in (xsplice completion fish -- $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      for file in (__fish_complete_path (string replace -- "$option" '' $words[-1]))
        echo "$option$file"
      end
    else
      echo $line
    end
  end
end
complete -c xsplice -f -a '(__xsplice_complete)'
`,
};
