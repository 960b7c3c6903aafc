#compdef tf taskflows
# Completes lines of tf in zsh. Printed by `tf completion zsh`.

typeset -g __tf_table=@TABLE@

# Sets rows to those of a kind for these words; with * also those of every command.
__tf_rows() {
  rows=(${(M)${(f)__tf_table}:#($1	$2	*)})
  [[ $1 == flag ]] && rows+=(${(M)${(f)__tf_table}:#(flag	\*	*)})
}

# Sets takes and values to what a flag of these words has.
__tf_flag() {
  local row
  local -a rows fields
  takes=none values=-
  __tf_rows flag $1
  for row in $rows; do
    fields=("${(@s:	:)row}")
    [[ $fields[3] == $2 || $fields[4] == $2 ]] && takes=$fields[5] values=$fields[6] && return
  done
}

# Sets values to those of the argument at this place, counted from 0.
__tf_argument() {
  local -a rows fields
  values=-
  __tf_rows args $1
  (($#rows)) || return
  fields=("${(@s:	:)rows[1]}")
  local place=$(($2 + 4))
  ((place > $#fields)) && [[ $fields[3] == many ]] && place=$#fields
  ((place <= $#fields)) && values=$fields[place]
}

__tf_reply() {
  case $1 in
    '<file>') _files ;;
    '<payload>') compset -P @ && _files ;;
    -) ;;
    *) compadd -M 'm:{a-z}={A-Z}' -- ${=1} ;;
  esac
}

# Offers a column of the rows with their last one as what it means.
__tf_describe() {
  local row
  local -a fields offers
  for row in $rows; do
    fields=("${(@s:	:)row}")
    offers+=("$fields[3]:$fields[-1]")
  done
  _describe $@ offers
}

_tf() {
  local so_far=tf waiting= plain= count=0 takes values token current=${(Q)PREFIX}
  local -a rows
  for token in "${(@Q)words[2,CURRENT-1]}"; do
    if [[ -n $plain ]]; then
      ((count += 1))
    elif [[ $token == -- ]]; then
      plain=1 waiting=
    elif [[ $token == -[^0-9.]* ]]; then
      waiting=
      __tf_flag $so_far $token
      [[ $takes != none ]] && waiting=$takes
    elif [[ -n $waiting ]]; then
      [[ $waiting == one ]] && waiting=
    elif ((count == 0)) && [[ $__tf_table == *"word	$so_far	$token	"* ]]; then
      so_far+=" $token"
    elif [[ "$so_far $token" != 'tf help' ]]; then
      ((count += 1))
    fi
  done
  if [[ -z $plain && $current == --*=* ]]; then
    __tf_flag $so_far ${current%%=*}
    compset -P 1 '*='
    __tf_reply $values
  elif [[ -z $plain && $current == -[^0-9.]* || -z $plain && -z $waiting && $current == - ]]; then
    __tf_rows flag $so_far
    __tf_describe -o flag
  elif [[ -n $waiting ]]; then
    __tf_reply $values
  else
    __tf_rows word $so_far
    ((count == 0 && $#rows)) && __tf_describe command
    __tf_argument $so_far $count
    __tf_reply $values
  fi
}

# As a file of fpath it is the function's own text; sourced, it tells who it completes for.
if [[ $funcstack[1] == _tf ]]; then _tf "$@"; else compdef _tf tf taskflows; fi
