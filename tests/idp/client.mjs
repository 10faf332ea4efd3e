// Does one task with openid-client: a request in JSON on standard input, {"ok": ...} or {"error": "..."} on standard
// output.
//
//   node client.mjs FOLDER
//
// FOLDER has the packages. The authority to trust is in NODE_EXTRA_CA_CERTS. A request says what to `do` with which
// `issuer`, found by its `metadata`: "oidc" (OpenID Connect Discovery) or "oauth2" (RFC 8414). Keys are private JWKs.
//
//   machineToken  {clientId, jwk, scope, resource?, dpop?}: client_credentials with private_key_jwt
//   personToken   {clientId, redirectUri, login, scope, resource?, dpop?}: authorization code with PKCE
//   tokenLife     as machineToken: gets a token, introspects, revokes, and introspects it again
//   get           {url}: what is found there

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { authorize } from "./user_agent.mjs";

// Node.js 18 has no global names for them yet.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const require = createRequire(pathToFileURL(join(process.argv[2], "package.json")));
const oauth = await import(pathToFileURL(require.resolve("openid-client")));

// What WebCrypto calls a JWK's algorithm.
function algorithmOf({ kty, crv }) {
  if (kty === "OKP") return { name: crv };
  if (kty === "EC") return { name: "ECDSA", namedCurve: crv };
  return { name: "RSA-PSS", hash: "SHA-256" };
}

// Only the key: what it is for is for WebCrypto to say.
function importKey({ kty, crv, x, y, n, e, d, p, q, dp, dq, qi }, usage) {
  const jwk = { kty, crv, x, y, n, e, ...(usage === "sign" && { d, p, q, dp, dq, qi }) };
  return crypto.subtle.importKey("jwk", jwk, algorithmOf({ kty, crv }), usage === "verify", [usage]);
}

// The library calls Ed25519 by its new name (RFC 9864), servers still by the old one.
const renamed = {
  [oauth.modifyAssertion]: (header) => {
    if (header.alg === "Ed25519") header.alg = "EdDSA";
  },
};

async function machine({ issuer, metadata, clientId, jwk }) {
  const key = { key: await importKey(jwk, "sign"), kid: jwk.kid };
  const authentication = oauth.PrivateKeyJwt(key, renamed);
  return oauth.discovery(new URL(issuer), clientId, {}, authentication, { algorithm: metadata });
}

async function dpopHandle(config, jwk) {
  if (!jwk) return undefined;
  const [privateKey, publicKey] = [await importKey(jwk, "sign"), await importKey(jwk, "verify")];
  return oauth.getDPoPHandle(config, { privateKey, publicKey }, renamed);
}

const parameters = ({ scope, resource }) => ({ scope, ...(resource && { resource }) });

async function machineToken(request) {
  const config = await machine(request);
  const DPoP = await dpopHandle(config, request.dpop);
  return oauth.clientCredentialsGrant(config, parameters(request), { DPoP });
}

async function personToken(request) {
  const { issuer, metadata: algorithm, clientId, redirectUri, login } = request;
  const config = await oauth.discovery(new URL(issuer), clientId, {}, oauth.None(), { algorithm });
  const DPoP = await dpopHandle(config, request.dpop);
  const [pkceCodeVerifier, expectedState] = [oauth.randomPKCECodeVerifier(), oauth.randomState()];
  const start = oauth.buildAuthorizationUrl(config, {
    ...parameters(request),
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    redirect_uri: redirectUri,
    state: expectedState,
    ...(DPoP && { dpop_jkt: await DPoP.calculateThumbprint() }),
  });
  const result = await authorize(start, redirectUri, login);
  const checks = { expectedState, pkceCodeVerifier };
  const { resource } = request;
  return oauth.authorizationCodeGrant(config, result, checks, resource && { resource }, { DPoP });
}

async function tokenLife(request) {
  const config = await machine(request);
  const DPoP = await dpopHandle(config, request.dpop);
  const token = await oauth.clientCredentialsGrant(config, parameters(request), { DPoP });
  const introspection = await oauth.tokenIntrospection(config, token.access_token);
  await oauth.tokenRevocation(config, token.access_token);
  const afterwards = await oauth.tokenIntrospection(config, token.access_token);
  return { metadata: config.serverMetadata(), token, introspection, afterwards };
}

async function get({ url }) {
  const response = await fetch(url);
  return { status: response.status, body: await response.text() };
}

// The library tells what the server said in a cause.
function words(error) {
  const said = error.error && `${error.error}: ${error.error_description ?? ""}`;
  const cause = error.cause instanceof Error && words(error.cause);
  return [`${error.name}: ${error.message}`, said, cause].filter(Boolean).join("; ");
}

const tasks = { get, machineToken, personToken, tokenLife };
const request = JSON.parse(readFileSync(0, "utf8"));
try {
  console.log(JSON.stringify({ ok: await tasks[request.do](request) }));
} catch (error) {
  console.log(JSON.stringify({ error: words(error) }));
}
