#!/usr/bin/env bash
# Signs a token that may subscribe to news/** for ten minutes. Needs openssl. The secret becomes an argument of openssl, so
# other users of the machine can see it for a moment: `crier token mint` does not have that problem.
#
#     mint.sh path/to/jwt.secret
set -euo pipefail
encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
key=$(od -An -vtx1 "$1" | tr -d ' \n')
signed="$(printf '{"alg":"HS256","typ":"JWT"}' | encode).$(
    printf '{"sub":"joe","exp":%d,"crier":{"subscribe":["news/**"]}}' $(($(date +%s) + 600)) | encode
)"
echo "$signed.$(printf '%s' "$signed" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | encode)"
