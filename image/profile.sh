# Who logs in gets the app's environment, read from PID 1 each time: no value is ever written to a file.
# Login shells read this from /etc/profile, `ssh HOST COMMAND` and `docker exec NAME bash` from /etc/bash.bashrc.
# Once per session, so that what somebody sets there reaches the shells below.
if [ -z "${PYSTART_PROFILE-}" ] && [ -x /usr/local/bin/pystart ]; then
    export PYSTART_PROFILE=1
    eval "$(/usr/local/bin/pystart env)"
    case $- in
        *i*) cd "${PYSTART_APP_ROOT:-${HOME_SITE:-/home/site/wwwroot}}" 2> /dev/null || : ;;
    esac
fi
