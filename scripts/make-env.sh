#!/bin/sh
# Makes .env for docker-compose.yml: every secret new and random, readable for its owner alone.
# Needs a shell and /dev/urandom. An .env that is there is not touched; after an upgrade,
# `scripts/make-env.sh --add` adds what is missing and changes nothing else.
set -euC # C: `>` never overwrites
umask 077
cd "$(dirname "$0")/.."

fail() {
    echo "make-env: $1" >&2
    exit 1
}

bytes() {
    head -c "$1" /dev/urandom | base64 | tr -d '\n'
}

# Letters and digits that need no quotes in a URL, a shell or YAML.
token() {
    bytes "$1" | tr '+/' '-_' | tr -d '='
}

# What a sender proves itself with: a bearer token and a Standard Webhooks key.
hook() {
    printf '"%s whsec_%s"' "$(token 32)" "$(bytes 32)"
}

# add NAME VALUE [COMMENT]: a line of .env, unless the name is there.
add() {
    grep -q "^$1=" .env 2>/dev/null && return
    [ -z "${3:-}" ] || printf '\n# %s\n' "$3" >>.env
    printf '%s=%s\n' "$1" "$2" >>.env
    added="$added $1"
}

case "${1:-}" in
'')
    (: >.env) 2>/dev/null ||
        fail ".env is there already, or cannot be written; to add what an upgrade needs: scripts/make-env.sh --add"
    ;;
--add) [ -f .env ] || fail "there is no .env yet; run scripts/make-env.sh" ;;
*) fail "unknown: $1; use scripts/make-env.sh or scripts/make-env.sh --add" ;;
esac

# Somebody's editor may have left the last line without an end.
[ -z "$(tail -c 1 .env)" ] || echo >>.env

added=
[ -s .env ] || cat >>.env <<'END'
# Secrets of this installation, made by scripts/make-env.sh. Keep a copy where backups of
# secrets are kept; nothing can make them again. Never commit it.
END
add AIRMEND_BASE_URL http://localhost:8080 "Where people reach Airflow; used in links."
add AIRMEND_ADDRESS 127.0.0.1 "Where the API server listens on this machine. Put a proxy with TLS before it."
add AIRMEND_PORT 8080
add AIRMEND_ADMIN_USER admin "The first account. A password that is changed in Airflow is not changed back."
add AIRMEND_ADMIN_PASSWORD "$(token 18)"
add POSTGRES_PASSWORD "$(token 32)" "Databases and broker. PostgreSQL takes these over when its volume is new."
add AIRFLOW_DATABASE_PASSWORD "$(token 32)"
add AIRMEND_DATABASE_PASSWORD "$(token 32)"
add CELERY_DATABASE_PASSWORD "$(token 32)"
add REDIS_PASSWORD "$(token 32)"
add AIRFLOW_JWT_SECRET "$(token 64)" "Airflow's own keys. Without the fernet key, what it encrypted is lost."
add AIRFLOW_API_SECRET_KEY "$(token 64)"
add AIRFLOW_FERNET_KEY "$(bytes 32 | tr '+/' '-_')"
add AIRMEND_HOOK_ALERTMANAGER "$(hook)" "Alert sources: a bearer token and a signing key each; a sender uses one of them."
add AIRMEND_HOOK_AZURE "$(hook)"
add AIRMEND_HOOK_CLOUDEVENTS "$(hook)"
add AIRMEND_HOOK_DATADOG "$(hook)"
add AIRMEND_HOOK_DYNATRACE "$(hook)"
add AIRMEND_HOOK_GCP "$(hook)"
add AIRMEND_HOOK_GENERIC "$(hook)"
add AIRMEND_HOOK_GRAFANA "$(hook)"
add AIRMEND_HOOK_JIRA "$(hook)"
add AIRMEND_HOOK_NEWRELIC "$(hook)"
add AIRMEND_HOOK_OPSGENIE "$(hook)"
add AIRMEND_HOOK_PAGERDUTY "$(hook)"
add AIRMEND_HOOK_SENTRY "$(hook)"
add AIRMEND_HOOK_SERVICENOW "$(hook)"
add AIRMEND_HOOK_SNS "$(hook)"
add AIRMEND_HOOK_SPLUNK "$(hook)"
add AIRMEND_HOOK_ZABBIX "$(hook)"

echo "make-env: .env has${added:- everything already}"
