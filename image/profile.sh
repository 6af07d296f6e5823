# Who logs in gets the app's environment, read from PID 1 each time: no value is ever written to a file.
unset BASH_ENV
if [ -x /usr/local/bin/pystart ]; then
    eval "$(/usr/local/bin/pystart env)"
fi
case $- in
    *i*) cd "${PYSTART_APP_ROOT:-${HOME_SITE:-/home/site/wwwroot}}" 2> /dev/null || : ;;
esac
