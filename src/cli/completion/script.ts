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
  local current="\${COMP_WORDS[COMP_CWORD]}" line file
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ":files" ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
    else
      COMPREPLY+=("$line")
    fi
  done < <(xsplice completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _xsplice xsplice
`,
  zsh: `#compdef xsplice
_xsplice() {
  local line
  local -a found
  for line in "\${(@f)$(xsplice completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line = ":files" ]]; then
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
  for line in (xsplice completion fish -- $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c xsplice -f -a '(__xsplice_complete)'
`,
};
