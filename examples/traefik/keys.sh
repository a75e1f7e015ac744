#!/bin/sh
# The routers and services in Consul, once. Afterwards `bgmigrate switch` changes traefik/http/routers/shop/service, in one transaction with who is live.
set -eu
put() { consul kv put "$1" "$2"; }
put traefik/http/services/shop-blue/loadBalancer/servers/0/url "http://127.0.0.1:8001"
put traefik/http/services/shop-green/loadBalancer/servers/0/url "http://127.0.0.1:8002"
for environment in blue green; do
    put "traefik/http/services/shop-$environment/loadBalancer/healthCheck/path" "/healthz"
    # a look at the candidate: curl -H 'X-Environment: green' …
    put "traefik/http/routers/shop-$environment/rule" "PathPrefix(\`/\`) && Header(\`X-Environment\`, \`$environment\`)"
    put "traefik/http/routers/shop-$environment/service" "shop-$environment"
done
put traefik/http/routers/shop/rule "PathPrefix(\`/\`)"
put traefik/http/routers/shop/service "shop-blue"
