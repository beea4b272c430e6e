#!/usr/bin/env bash
# Makes the app registration of docs/register-app.md with the Azure CLI. Run it with --help for how.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: bash docs/register-app.sh NAME BASE_URL [--certificate FILE] [--manifest FILE]

  NAME                what administrators will read on the consent page
  BASE_URL            where the connector's pages are mounted, such as https://app.example/connect;
                      the redirect URI becomes BASE_URL/callback
  --certificate FILE  a certificate in PEM, without its private key; without it a secret of 180 days is made
  --manifest FILE     other permissions and claims than those of app-manifest.json beside this script

Sign in first: az login. The lines for .env are all that goes to standard output, so that they can be
appended to a file. A secret is shown this once and can never be read again.
TEXT
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}
misused() {
  say "$@"
  usage >&2
  exit 2
}
# The carriage returns are those of the Azure CLI on Windows.
value_of() { az "$@" --only-show-errors --output tsv | tr -d '\r'; }

name=''
base_url=''
certificate=''
manifest="$(dirname "${BASH_SOURCE[0]}")/app-manifest.json"
given=0
while (($# > 0)); do
  case $1 in
    --help | -h)
      usage
      exit 0
      ;;
    --certificate | --manifest)
      (($# > 1)) || misused "$1 needs a file."
      if [[ $1 == --certificate ]]; then certificate=$2; else manifest=$2; fi
      shift 2
      ;;
    -*) misused "$1 is not an option." ;;
    *)
      given=$((given + 1))
      case $given in
        1) name=$1 ;;
        2) base_url=$1 ;;
        *) misused 'More than a name and a base URL was given. Put the name in quotes.' ;;
      esac
      shift
      ;;
  esac
done
((given == 2)) || misused 'A name and a base URL are needed.'

# Quotes and the like would end the text inside the queries below, and the Azure CLI reads a file for @name and x=@name.
case $name in
  '' | @* | *[\'\`\\\"=]*) misused 'NAME must not be empty, begin with @, or hold quotes, backticks, backslashes or "=".' ;;
esac

while [[ $base_url == */ ]]; do base_url=${base_url%/}; done
# "Redirect URI restrictions": https, but for http://localhost; at most 256 characters; few special ones. The host is in
# lower case and a port that goes without saying is left out, because that is how browsers write it.
pattern='^(https://[a-z0-9.-]+|http://localhost)(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?$'
[[ $base_url =~ $pattern ]] ||
  misused 'BASE_URL must begin with https:// and a host in lower case, or with http://localhost, and hold no query.'
case $base_url in
  https://*:443 | https://*:443/* | http://*:80 | http://*:80/*) misused 'BASE_URL must not hold the usual port.' ;;
esac
redirect_uri="$base_url/callback"
((${#redirect_uri} <= 256)) || misused 'BASE_URL must be at most 247 characters long.'

[[ -f $manifest ]] || misused "There is no file $manifest."
if [[ -n $certificate ]]; then
  [[ -f $certificate ]] || misused "There is no file $certificate."
  grep -q -e '-----BEGIN CERTIFICATE-----' "$certificate" || misused "$certificate is not a certificate in PEM."
  if grep -q -e 'PRIVATE KEY-----' "$certificate"; then
    misused "$certificate holds a private key, which must not leave your machine. Give a file with the certificate only."
  fi
fi

command -v az >/dev/null || fail 'The Azure CLI (az) is not installed.'
tenant=$(value_of account show --query tenantId) ||
  fail 'Nobody is signed in. Run: az login --allow-no-subscriptions --tenant YOUR_TENANT'
say "Tenant $tenant: registering \"$name\" with the redirect URI $redirect_uri"

# "az ad app create" would change a registration that has this name already.
existing=$(value_of ad app list --display-name "$name" --query "[?displayName=='$name'].appId")
[[ -z $existing ]] ||
  fail "\"$name\" is registered already: ${existing//$'\n'/, }. Nothing was changed. Take another name, or change that one as docs/register-app.md says."

client_id=''
complete=no
at_exit() {
  local status=$?
  if [[ -n $client_id && $complete == no ]]; then
    say "The registration $client_id was made but is not complete. Remove it, then run this again: az ad app delete --id $client_id"
  fi
  exit "$status"
}
trap at_exit EXIT

created=$(value_of ad app create \
  --display-name "$name" \
  --sign-in-audience AzureADMultipleOrgs \
  --web-redirect-uris "$redirect_uri" \
  --required-resource-accesses "@$manifest" \
  --optional-claims "@$manifest" \
  --query '[appId, id]')
read -r client_id object_id <<<"${created//$'\n'/ }"

# A new registration may take seconds to reach every server of the directory.
for attempt in 1 2 3 4 5; do
  if az ad app update --id "$object_id" --set groupMembershipClaims=DirectoryRole --only-show-errors >&2; then break; fi
  ((attempt < 5)) || fail 'The claim of directory roles could not be set.'
  say 'Trying again.'
  sleep 3
done

# --append leaves alone what is there; without it, the command removes all other credentials.
if [[ -n $certificate ]]; then
  # The years are an upper bound: the Azure CLI shortens them to those of the certificate.
  az ad app credential reset --id "$object_id" --append --cert "@$certificate" --years 10 --only-show-errors \
    --output none
else
  until=$(date -u -d '+180 days' +%F 2>/dev/null || date -u -v+180d +%F)
  secret=$(value_of ad app credential reset --id "$object_id" --append --display-name mailsphere \
    --end-date "$until" --query password)
fi
complete=yes

say 'Done. The lines for .env:'
printf 'CLIENT_ID=%s\n' "$client_id"
if [[ -n $certificate ]]; then
  printf 'CLIENT_CERTIFICATE_FILE=%s/%s\n' "$(cd "$(dirname "$certificate")" && pwd)" "$(basename "$certificate")"
  say 'Add CLIENT_KEY_FILE: the path of the private key that belongs to it.'
else
  printf 'CLIENT_SECRET=%s\n' "$secret"
  say "The secret ends at ${until}T00:00:00Z and is not shown again. Use a certificate in production."
fi
