# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pystart_global_optspecs
    string join \n h/help V/version
end

function __fish_pystart_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pystart_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pystart_using_subcommand
    set -l cmd (__fish_pystart_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pystart -n "__fish_pystart_needs_command" -s h -l help -d 'Print help'
complete -c pystart -n "__fish_pystart_needs_command" -s V -l version -d 'Print version'
complete -c pystart -n "__fish_pystart_needs_command" -f -a "run" -d 'Start the site: the custom command, else Django, Flask, any other web app, the default site'
complete -c pystart -n "__fish_pystart_needs_command" -f -a "explain" -d 'Say what `run` would do and why; starts nothing'
complete -c pystart -n "__fish_pystart_needs_command" -f -a "check" -d 'Prove that the site would start: load the app as gunicorn does; binds no port'
complete -c pystart -n "__fish_pystart_needs_command" -f -a "build" -d 'Make or refresh the virtual environment `antenv` from a lock file, a requirements file or a project'
complete -c pystart -n "__fish_pystart_needs_command" -f -a "env" -d 'Print the app\'s environment for a shell: eval "$(pystart env)"'
complete -c pystart -n "__fish_pystart_needs_command" -f -a "health" -d 'Ask the site for a page; status 0 if it answers with less than 500'
complete -c pystart -n "__fish_pystart_using_subcommand run" -s C -l app-root -d 'The folder of the app [env: PYSTART_APP_ROOT, HOME_SITE] [default: /home/site/wwwroot]' -r -f -a "(__fish_complete_directories)"
complete -c pystart -n "__fish_pystart_using_subcommand run" -l port -d 'The port to listen on [env: PORT] [default: 8000]' -r
complete -c pystart -n "__fish_pystart_using_subcommand run" -l process -d 'The process of the Procfile; another than `web` comes before all but the custom command [env: PYSTART_PROCESS] [default: web]' -r
complete -c pystart -n "__fish_pystart_using_subcommand run" -l init -d 'Stay as PID 1: always, never, or auto: for all but gunicorn [env: PYSTART_INIT] [default: auto]' -r
complete -c pystart -n "__fish_pystart_using_subcommand run" -l grace -d 'How long leftover processes may take to stop [env: PYSTART_GRACE] [default: 9, on App Service 4]' -r
complete -c pystart -n "__fish_pystart_using_subcommand run" -l drain -d 'How long the server still works after a request to end, while `health` says no; implies the init [env: PYSTART_DRAIN] [default: 0]' -r
complete -c pystart -n "__fish_pystart_using_subcommand run" -l before -d 'A command or script to run to its end before the server [env: PYSTART_BEFORE, PRE_RUN_COMMAND]' -r
complete -c pystart -n "__fish_pystart_using_subcommand run" -l strict -d 'An error in the custom command ends the start [env: PYSTART_STRICT]'
complete -c pystart -n "__fish_pystart_using_subcommand run" -l no-default-site -d 'Where there is no app end with status 1 and the reasons, instead of serving a page'
complete -c pystart -n "__fish_pystart_using_subcommand run" -l build -d 'Make or refresh the virtual environment first [env: PYSTART_BUILD]'
complete -c pystart -n "__fish_pystart_using_subcommand run" -s h -l help -d 'Print help'
complete -c pystart -n "__fish_pystart_using_subcommand explain" -s C -l app-root -d 'The folder of the app [env: PYSTART_APP_ROOT, HOME_SITE] [default: /home/site/wwwroot]' -r -f -a "(__fish_complete_directories)"
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l port -d 'The port to listen on [env: PORT] [default: 8000]' -r
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l process -d 'The process of the Procfile; another than `web` comes before all but the custom command [env: PYSTART_PROCESS] [default: web]' -r
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l init -d 'Stay as PID 1: always, never, or auto: for all but gunicorn [env: PYSTART_INIT] [default: auto]' -r
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l grace -d 'How long leftover processes may take to stop [env: PYSTART_GRACE] [default: 9, on App Service 4]' -r
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l drain -d 'How long the server still works after a request to end, while `health` says no; implies the init [env: PYSTART_DRAIN] [default: 0]' -r
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l before -d 'A command or script to run to its end before the server [env: PYSTART_BEFORE, PRE_RUN_COMMAND]' -r
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l strict -d 'An error in the custom command ends the start [env: PYSTART_STRICT]'
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l no-default-site -d 'Where there is no app end with status 1 and the reasons, instead of serving a page'
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l build -d 'Make or refresh the virtual environment first [env: PYSTART_BUILD]'
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l json -d 'Print JSON for machines'
complete -c pystart -n "__fish_pystart_using_subcommand explain" -l verbose -d 'List the files that were read, too'
complete -c pystart -n "__fish_pystart_using_subcommand explain" -s h -l help -d 'Print help'
complete -c pystart -n "__fish_pystart_using_subcommand check" -s C -l app-root -d 'The folder of the app [env: PYSTART_APP_ROOT, HOME_SITE] [default: /home/site/wwwroot]' -r -f -a "(__fish_complete_directories)"
complete -c pystart -n "__fish_pystart_using_subcommand check" -l port -d 'The port to listen on [env: PORT] [default: 8000]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l process -d 'The process of the Procfile; another than `web` comes before all but the custom command [env: PYSTART_PROCESS] [default: web]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l init -d 'Stay as PID 1: always, never, or auto: for all but gunicorn [env: PYSTART_INIT] [default: auto]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l grace -d 'How long leftover processes may take to stop [env: PYSTART_GRACE] [default: 9, on App Service 4]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l drain -d 'How long the server still works after a request to end, while `health` says no; implies the init [env: PYSTART_DRAIN] [default: 0]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l before -d 'A command or script to run to its end before the server [env: PYSTART_BEFORE, PRE_RUN_COMMAND]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l time-limit -d 'How long loading the app may take [env: PYSTART_CHECK_TIMEOUT] [default: 60]' -r
complete -c pystart -n "__fish_pystart_using_subcommand check" -l strict -d 'An error in the custom command ends the start [env: PYSTART_STRICT]'
complete -c pystart -n "__fish_pystart_using_subcommand check" -l no-default-site -d 'Where there is no app end with status 1 and the reasons, instead of serving a page'
complete -c pystart -n "__fish_pystart_using_subcommand check" -l build -d 'Make or refresh the virtual environment first [env: PYSTART_BUILD]'
complete -c pystart -n "__fish_pystart_using_subcommand check" -l json -d 'Print JSON for machines'
complete -c pystart -n "__fish_pystart_using_subcommand check" -s h -l help -d 'Print help'
complete -c pystart -n "__fish_pystart_using_subcommand build" -s C -l app-root -d 'The folder of the app [env: PYSTART_APP_ROOT, HOME_SITE] [default: /home/site/wwwroot]' -r -f -a "(__fish_complete_directories)"
complete -c pystart -n "__fish_pystart_using_subcommand build" -l json -d 'Print JSON for machines'
complete -c pystart -n "__fish_pystart_using_subcommand build" -s h -l help -d 'Print help'
complete -c pystart -n "__fish_pystart_using_subcommand env" -s C -l app-root -d 'The folder of the app [env: PYSTART_APP_ROOT, HOME_SITE] [default: /home/site/wwwroot]' -r -f -a "(__fish_complete_directories)"
complete -c pystart -n "__fish_pystart_using_subcommand env" -l port -d 'The port to listen on [env: PORT] [default: 8000]' -r
complete -c pystart -n "__fish_pystart_using_subcommand env" -l process -d 'The process of the Procfile; another than `web` comes before all but the custom command [env: PYSTART_PROCESS] [default: web]' -r
complete -c pystart -n "__fish_pystart_using_subcommand env" -l init -d 'Stay as PID 1: always, never, or auto: for all but gunicorn [env: PYSTART_INIT] [default: auto]' -r
complete -c pystart -n "__fish_pystart_using_subcommand env" -l grace -d 'How long leftover processes may take to stop [env: PYSTART_GRACE] [default: 9, on App Service 4]' -r
complete -c pystart -n "__fish_pystart_using_subcommand env" -l drain -d 'How long the server still works after a request to end, while `health` says no; implies the init [env: PYSTART_DRAIN] [default: 0]' -r
complete -c pystart -n "__fish_pystart_using_subcommand env" -l before -d 'A command or script to run to its end before the server [env: PYSTART_BEFORE, PRE_RUN_COMMAND]' -r
complete -c pystart -n "__fish_pystart_using_subcommand env" -l strict -d 'An error in the custom command ends the start [env: PYSTART_STRICT]'
complete -c pystart -n "__fish_pystart_using_subcommand env" -l no-default-site -d 'Where there is no app end with status 1 and the reasons, instead of serving a page'
complete -c pystart -n "__fish_pystart_using_subcommand env" -l build -d 'Make or refresh the virtual environment first [env: PYSTART_BUILD]'
complete -c pystart -n "__fish_pystart_using_subcommand env" -l json -d 'Print JSON for machines'
complete -c pystart -n "__fish_pystart_using_subcommand env" -s h -l help -d 'Print help'
complete -c pystart -n "__fish_pystart_using_subcommand health" -l port -d 'The port to listen on [env: PORT] [default: 8000]' -r
complete -c pystart -n "__fish_pystart_using_subcommand health" -l path -d 'What to ask for [env: PYSTART_HEALTH_PATH, WEBSITE_WARMUP_PATH] [default: /]' -r
complete -c pystart -n "__fish_pystart_using_subcommand health" -l time-limit -d 'For the whole answer [env: PYSTART_HEALTH_TIMEOUT] [default: 5]' -r
complete -c pystart -n "__fish_pystart_using_subcommand health" -l live -d 'Only ask whether the port accepts connections: for what restarts a site, a busy one included'
complete -c pystart -n "__fish_pystart_using_subcommand health" -s h -l help -d 'Print help'
