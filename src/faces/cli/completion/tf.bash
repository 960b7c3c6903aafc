# Completes lines of tf in bash 4 or newer; needs no other package. Printed by `tf completion bash`.

__tf_table=@TABLE@

# The words before the cursor as tf would get them, the unfinished one last: readline has split them at = and : too.
__tf_split() {
  local rest=${COMP_LINE:0:COMP_POINT} at piece
  __tf_line=()
  for ((at = 0; at <= COMP_CWORD; at++)); do
    if ((at == 0)) || [[ $rest == [[:space:]]* ]]; then
      __tf_line+=('')
      rest=${rest#"${rest%%[![:space:]]*}"}
    fi
    piece=${COMP_WORDS[at]}
    [[ $rest == "$piece"* ]] || piece=$rest
    rest=${rest#"$piece"}
    __tf_line[${#__tf_line[@]} - 1]+=$piece
  done
}

# Sets takes and values to what a flag of these words has.
__tf_flag() {
  local row words name short rest
  while IFS=$'\t' read -r row words name short takes values rest; do
    [[ $row == flag && ($words == "$1" || $words == '*') && ($name == "$2" || $short == "$2") ]] && return
  done <<<"$__tf_table"
  takes=none values=-
}

# Sets names to every flag of these words.
__tf_flags() {
  local row words name rest
  names=
  while IFS=$'\t' read -r row words name rest; do
    if [[ $row == flag && ($words == "$1" || $words == '*') ]]; then names+="$name "; fi
  done <<<"$__tf_table"
}

# Sets names to every word that may follow these.
__tf_next() {
  local row words next rest
  names=
  while IFS=$'\t' read -r row words next rest; do
    if [[ $row == word && $words == "$1" ]]; then names+="$next "; fi
  done <<<"$__tf_table"
}

# Sets values to those of the argument at this place, counted from 0.
__tf_argument() {
  local row words many rest each
  values=-
  while IFS=$'\t' read -r row words many rest; do
    [[ $row == args && $words == "$1" ]] || continue
    IFS=$'\t' read -r -a each <<<"$rest"
    if (($2 < ${#each[@]})); then values=${each[$2]}
    elif [[ $many == many ]]; then values=${each[${#each[@]} - 1]}
    fi
  done <<<"$__tf_table"
}

__tf_reply() {
  case $2 in
    '<file>') compopt -o default ;;
    '<payload>')
      [[ $1 == @* ]] || return
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -P @ -f -- "${1#@}")
      ;;
    -) ;;
    *) COMPREPLY+=($(compgen -W "$2" -- "$1")) ;;
  esac
}

_tf() {
  local __tf_line names takes values
  __tf_split
  local last=$((${#__tf_line[@]} - 1))
  local current=${__tf_line[last]} words=tf waiting= plain= count=0 token
  for token in "${__tf_line[@]:1:last - 1}"; do
    if [[ $plain ]]; then
      ((count += 1))
    elif [[ $token == -- ]]; then
      plain=1 waiting=
    elif [[ $token == -[!0-9.]* ]]; then
      waiting=
      __tf_flag "$words" "$token"
      [[ $takes != none ]] && waiting=$takes
    elif [[ $waiting ]]; then
      [[ $waiting == one ]] && waiting=
    elif __tf_next "$words" && ((count == 0)) && [[ " $names" == *" $token "* ]]; then
      words+=" $token"
    elif [[ "$words $token" != 'tf help' ]]; then
      ((count += 1))
    fi
  done
  COMPREPLY=()
  if [[ ! $plain && $current == --*=* ]]; then
    __tf_flag "$words" "${current%%=*}"
    __tf_reply "${current#*=}" "$values"
  elif [[ ! $plain && $current == -[!0-9.]* || ! $plain && ! $waiting && $current == - ]]; then
    __tf_flags "$words"
    __tf_reply "$current" "$names"
  elif [[ $waiting ]]; then
    __tf_reply "$current" "$values"
  else
    __tf_next "$words"
    ((count == 0)) && [[ $names ]] && __tf_reply "$current" "$names"
    __tf_argument "$words" "$count"
    __tf_reply "$current" "$values"
  fi
}

complete -F _tf tf taskflows
