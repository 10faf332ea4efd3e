// An identity provider: oidc-provider over HTTPS on a free port, until standard input closes.
//
//   node provider.mjs FOLDER CONFIG CERTIFICATE KEY RESOURCE...
//
// FOLDER has the packages, CERTIFICATE and KEY are PEM files. Each RESOURCE is a resource indicator (RFC 8707) for
// which access tokens are JWTs (RFC 9068), signed with ES256; for no resource they are opaque. CONFIG is a JSON file:
//
//   {"machines": [{"clientId": "...", "jwks": {"keys": [...]}, "claims": {...}}],
//    "app": {"clientId": "...", "redirectUri": "http://127.0.0.1/..."},
//    "accounts": {"LOGIN": {...claims}}}
//
// Machines use client_credentials with private_key_jwt (RFC 7523), people the authorization code with PKCE through the
// app, a public client; either may bind its token to a DPoP key (RFC 9449). `sub` is the client's id or the login; the
// claims of a machine or a person stand in its access tokens as they are, beside `azp`. The harness writes them in the
// manner of Keycloak and I.AM Connect, which add to the person the profile that was chosen at login:
//
//   {"ssin": "85073003328", "profile": "citizen", "userProfile": {"firstName": "Jane", "lastName": "Doe"}}
//   {..., "profile": "quality", "quality": {"name": "doctor", "nihii": "18749704477"}}
//   {..., "profile": "organisation", "organisation": {"type": "NIHII-PHARMACY", "value": "71000436"}}
//   {..., "profile": "mandate", "mandator": {"type": "SSIN", "value": "93051822361"}}
//
// The first line on standard output is {"issuer": ...}. Each line on standard input is then answered by one:
//
//   rotate      a new key signs, the old ones stay published           {"kid": ...}
//   withdraw    only the key that signs stays published                {"kid": ...}
//   stop-jwks   the JWK Set answers 503 from now on                    {"jwks": "stopped"}
//   start-jwks  it works again                                         {"jwks": "started"}
//   count       how often each was asked for, refusals included        {"discovery": N, "jwks": N}

import { Console } from "node:console";
import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Standard output is for the harness alone.
globalThis.console = new Console(process.stderr, process.stderr);
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const [folder, configFile, certificateFile, keyFile, ...resources] = process.argv.slice(2);
const require = createRequire(pathToFileURL(join(folder, "package.json")));
const { Provider, errors } = await import(pathToFileURL(require.resolve("oidc-provider")));
const config = JSON.parse(readFileSync(configFile, "utf8"));

// As in Keycloak the issuer has a path, so that whoever looks for its metadata must append to it.
const REALM = "/realms/health";
const SCOPES = "directory registration custody";
const LIFETIME = 300;

const machine = ({ clientId, jwks }) => ({
  client_id: clientId,
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: "private_key_jwt",
  jwks,
});

const app = ({ clientId, redirectUri }) => ({
  client_id: clientId,
  // On a loopback address the port does not matter (RFC 8252 section 7.3).
  application_type: "native",
  grant_types: ["authorization_code"],
  redirect_uris: [redirectUri],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
});

function claimsOf({ accountId, clientId }) {
  const subject = accountId
    ? config.accounts[accountId]
    : config.machines.find((one) => one.clientId === clientId)?.claims;
  return { azp: clientId, ...subject };
}

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg: "ES256", use: "sig" };
}

const cookieKeys = [randomBytes(32).toString("base64url")];
let keys = [newKey()];

// What was issued before is in the storage that all providers of this process share.
function providerAt(issuer) {
  const provider = new Provider(issuer, {
    clientAuthMethods: ["private_key_jwt", "none"],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    clients: [...config.machines.map(machine), app(config.app)],
    cookies: { keys: cookieKeys },
    enabledJWA: { dPoPSigningAlgValues: ["ES256", "ES384", "EdDSA"] },
    extraTokenClaims: (_, token) => claimsOf(token),
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo },
      revocation: { enabled: true },
    },
    findAccount: (_, login) =>
      Object.hasOwn(config.accounts, login)
        ? { accountId: login, claims: () => ({ sub: login, ...config.accounts[login] }) }
        : undefined,
    jwks: { keys },
    responseTypes: ["code"],
    ttl: { AccessToken: LIFETIME, ClientCredentials: LIFETIME, Grant: 600, Interaction: 600, Session: 600 },
  });
  return provider.callback();
}

function getResourceServerInfo(_, resource) {
  if (!resources.includes(resource)) throw new errors.InvalidTarget();
  return {
    accessTokenFormat: "jwt",
    accessTokenTTL: LIFETIME,
    audience: resource,
    jwt: { sign: { alg: "ES256", kid: keys[0].kid } },
    scope: SCOPES,
  };
}

// --- over HTTPS --------------------------------------------------------------------------------

const METADATA = "/.well-known/openid-configuration";
const counts = { discovery: 0, jwks: 0 };
let jwksWorks = true;
let handle;

// The path below the realm. RFC 8414 puts its own before the issuer's path, where OpenID Connect Discovery appends it.
function pathInRealm(url) {
  if (url === `/.well-known/oauth-authorization-server${REALM}`) return METADATA;
  return url.startsWith(`${REALM}/`) ? url.slice(REALM.length) : undefined;
}

function serve(request, response) {
  const path = pathInRealm(request.url);
  if (path === METADATA) counts.discovery += 1;
  if (path === "/jwks") counts.jwks += 1;
  if (path === undefined) {
    response.writeHead(404).end();
  } else if (path === "/jwks" && !jwksWorks) {
    response.writeHead(503).end();
  } else {
    // As it is mounted in frameworks: the whole path, and the rest of it.
    request.originalUrl = REALM + path;
    request.url = path;
    handle(request, response);
  }
}

const tls = { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
const server = createServer(tls, serve);

server.listen(0, "127.0.0.1", () => {
  const issuer = `https://127.0.0.1:${server.address().port}${REALM}`;
  handle = providerAt(issuer);
  say({ issuer });

  const publish = (wanted) => {
    keys = wanted;
    handle = providerAt(issuer);
    return { kid: keys[0].kid };
  };
  const serveJwks = (works) => {
    jwksWorks = works;
    return { jwks: works ? "started" : "stopped" };
  };
  const commands = {
    count: () => counts,
    rotate: () => publish([newKey(), ...keys]),
    "start-jwks": () => serveJwks(true),
    "stop-jwks": () => serveJwks(false),
    withdraw: () => publish([keys[0]]),
  };
  createInterface({ input: process.stdin })
    .on("line", (line) => say(commands[line]()))
    .on("close", () => process.exit(0));
});
