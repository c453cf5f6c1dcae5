# Completion of leat's tools for bash. Commands and options come from --help.
_leat() {
    local word=${COMP_WORDS[COMP_CWORD]} help=("$1" --help) words
    if [[ ${1##*/} == leat-replay ]]; then
        if ((COMP_CWORD == 1)); then
            words=$("$1" --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  .*/\1/p')
            mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$word")
            return
        fi
        help=("$1" "${COMP_WORDS[1]}" --help)
    fi
    if [[ $word == -* ]]; then
        words=$("${help[@]}" 2>/dev/null | grep -oE -- '--[a-z][a-z_-]*')
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word" | sort -u)
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _leat leat-replay leat-script leat-sim
