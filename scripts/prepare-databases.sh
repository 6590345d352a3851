#!/bin/sh
# Brings both databases to this release and makes the first administrator. Safe to repeat: what
# is there stays, also a password that was changed since. The service `migrate` runs it.
set -eu
: "${AIRMEND_ADMIN_USER:?is not set}" "${AIRMEND_ADMIN_PASSWORD:?is not set}"

airflow db migrate
airmend migrate

# Given through a pipe by the shell itself, the password is in no list of processes.
printf '%s\n%s\n' "$AIRMEND_ADMIN_PASSWORD" "$AIRMEND_ADMIN_PASSWORD" |
    airflow users create --role Admin --username "$AIRMEND_ADMIN_USER" \
        --firstname First --lastname Administrator --email "$AIRMEND_ADMIN_USER@localhost"

# Without this, who may read runs would not see Airmend's incidents and reports.
airflow roles add-perms Viewer User --action can_read --resource Plugins
