// Does what it is told with jose: a list of tasks in JSON on standard input, a list of results on standard output.
//
// Keys are JWKs, texts are base64url. A result is {"ok": ...} or {"error": "..."}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(process.argv[2], "package.json")));
const jose = await import(pathToFileURL(require.resolve("jose")));

const bytes = (text) => jose.base64url.decode(text);
const importKey = (jwk, alg) => jose.importJWK(jwk, alg);

// Of a private key only what anybody may know.
function publicPart(jwk) {
  if (jwk.kty === "oct") return jwk;
  const { d, p, q, dp, dq, qi, ...rest } = jwk;
  return rest;
}

// A symmetric key for direct use is imported for the content algorithm.
const purpose = (alg, enc) => (alg === "dir" ? enc : alg);

async function encrypt({ plaintext, keys, enc, form, header = {} }) {
  if (form === "compact") {
    const { jwk, alg } = keys[0];
    const key = await importKey(publicPart(jwk), purpose(alg, enc));
    return new jose.CompactEncrypt(bytes(plaintext))
      .setProtectedHeader({ alg, enc, ...header })
      .encrypt(key);
  }
  const token = new jose.GeneralEncrypt(bytes(plaintext)).setProtectedHeader({ enc, ...header });
  for (const { jwk, alg } of keys) {
    const key = await importKey(publicPart(jwk), alg);
    token.addRecipient(key).setUnprotectedHeader({ alg, kid: jwk.kid });
  }
  return JSON.stringify(await token.encrypt());
}

async function decrypt({ token, jwk, alg, enc }) {
  const key = await importKey(jwk, purpose(alg, enc));
  const result = token.trimStart().startsWith("{")
    ? await jose.generalDecrypt(JSON.parse(token), key)
    : await jose.compactDecrypt(token, key);
  return jose.base64url.encode(result.plaintext);
}

async function sign({ payload, jwk, alg, form, header = {} }) {
  const key = await importKey(jwk, alg);
  const protectedHeader = { alg, ...header };
  if (form === "compact") {
    return new jose.CompactSign(bytes(payload)).setProtectedHeader(protectedHeader).sign(key);
  }
  const token = new jose.GeneralSign(bytes(payload));
  token.addSignature(key).setProtectedHeader(protectedHeader);
  return JSON.stringify(await token.sign());
}

async function verify({ token, jwk, pem, alg }) {
  const key = pem ? await jose.importX509(pem, alg) : await importKey(publicPart(jwk), alg);
  if (!token.trimStart().startsWith("{")) {
    return jose.base64url.encode((await jose.compactVerify(token, key)).payload);
  }
  const message = JSON.parse(token);
  const result = message.signatures
    ? await jose.generalVerify(message, key)
    : await jose.flattenedVerify(message, key);
  return jose.base64url.encode(result.payload);
}

const thumbprint = ({ jwk }) => jose.calculateJwkThumbprint(jwk, "sha256");

const tasks = { decrypt, encrypt, sign, thumbprint, verify };
const results = [];
for (const task of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    results.push({ ok: await tasks[task.do](task) });
  } catch (error) {
    results.push({ error: `${error.name}: ${error.message}` });
  }
}
console.log(JSON.stringify(results));
