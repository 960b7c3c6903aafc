# Completes lines of tf in fish. Printed by `tf completion fish`.

set -g __tf_table (string split \n -- @TABLE@)

# The rows of a kind for these words; flags also those of every command.
function __tf_rows -a kind words
    string match -- "$kind"\t"$words"\t'*' $__tf_table
    test $kind = flag; and string match -- flag\t'\**' $__tf_table
end

# The fields 5 and 6 of a flag: how many values it takes, and which.
function __tf_flag -a words name
    for row in (__tf_rows flag $words)
        set -l fields (string split \t -- $row)
        if contains -- $name $fields[3..4]
            printf '%s\n' $fields[5..6]
            return
        end
    end
    printf '%s\n' none -
end

# The values of the argument at this place, counted from 0.
function __tf_argument -a words count
    set -l rows (__tf_rows args $words)
    test -n "$rows"; or return
    set -l fields (string split \t -- $rows[1])
    set -l place (math $count + 4)
    if test $place -gt (count $fields) -a $fields[3] = many
        set place (count $fields)
    end
    test $place -le (count $fields); and echo $fields[$place]
end

# Candidates are whole words, so what stands before the value comes before each.
function __tf_reply -a before current values
    switch "$values"
        case '<file>'
            string replace -r '^' -- (string escape --style=regex -- $before) (complete -C "'' $current")
        case '<payload>'
            string match -q '@*' -- $current; and __tf_reply $before@ (string sub -s 2 -- $current) '<file>'
        case '' -
        case '*'
            printf '%s\n' $before(string split ' ' -- $values)
    end
end

# A column of the rows with their last one as what it means.
function __tf_describe
    for row in $argv
        set -l fields (string split \t -- $row)
        printf '%s\t%s\n' $fields[3] $fields[-1]
    end
end

function __tf_complete
    set -l words tf
    set -l waiting
    set -l values
    set -l plain
    set -l count 0
    for token in (commandline -opc)[2..]
        if set -q plain[1]
            set count (math $count + 1)
        else if test "$token" = --
            set plain yes
            set -e waiting[1]
        else if string match -qr '^-[^0-9.]' -- $token
            set -e waiting[1]
            set -l flag (__tf_flag $words $token)
            set values $flag[2]
            test $flag[1] != none; and set waiting $flag[1]
        else if set -q waiting[1]
            test $waiting = one; and set -e waiting[1]
        else if test $count -eq 0; and string match -q -- word\t"$words"\t"$token"\t'*' $__tf_table
            set words "$words $token"
        else if test "$words $token" != 'tf help'
            set count (math $count + 1)
        end
    end
    set -l current (commandline -ct)
    if not set -q plain[1]; and string match -qr '^--.*=' -- $current
        set -l halves (string split -m 1 = -- $current)
        __tf_reply $halves[1]= "$halves[2]" (__tf_flag $words $halves[1])[2]
    else if not set -q plain[1]; and string match -qr '^-([^0-9.]|$)' -- $current; and begin; test "$current" != -; or not set -q waiting[1]; end
        __tf_describe (__tf_rows flag $words)
    else if set -q waiting[1]
        __tf_reply '' "$current" "$values"
    else
        test $count -eq 0; and __tf_describe (__tf_rows word $words)
        __tf_reply '' "$current" (__tf_argument $words $count)
    end
end

complete -c tf -f -a '(__tf_complete)'
complete -c taskflows -w tf
