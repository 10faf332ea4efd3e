// What a browser does, and the person in front of it: follows redirects, keeps cookies, logs in, consents.

// Cookies by path and name. One host is all there is.
class Cookies {
  #kept = new Map();

  keep(url, response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const attribute = (wanted) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = attribute("path") ?? url.pathname;
      const expires = attribute("expires");
      const key = `${path} ${name}`;
      if (expires && new Date(expires) <= new Date()) this.#kept.delete(key);
      else this.#kept.set(key, { name, path, value });
    }
  }

  for({ pathname }) {
    const covers = ({ path }) =>
      pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
    const sent = [...this.#kept.values()].filter(covers);
    return sent.map(({ name, value }) => `${name}=${value}`).join("; ");
  }
}

// Fills in the one form of a page, as a person with this login would.
function submission(page, base, login) {
  const form = /<form[^>]*\saction="([^"]+)"[^>]*>(.*?)<\/form>/s.exec(page);
  if (!form) throw new Error("a page without a form");
  const fields = new URLSearchParams();
  for (const [input] of form[2].matchAll(/<input[^>]*>/g)) {
    const attribute = (name) => new RegExp(`\\s${name}="([^"]*)"`).exec(input)?.[1];
    const value = { login, password: "secret" }[attribute("name")] ?? attribute("value") ?? "";
    fields.set(attribute("name"), value);
  }
  return [new URL(form[1], base), { method: "POST", body: fields }];
}

// Goes to the authorization endpoint; gives the address at which the app is told the result.
export async function authorize(start, redirectUri, login) {
  const cookies = new Cookies();
  let [url, request] = [start, {}];
  for (let steps = 0; steps < 20; steps += 1) {
    const headers = { cookie: cookies.for(url) };
    const response = await fetch(url, { ...request, headers, redirect: "manual" });
    cookies.keep(url, response);
    if (response.status >= 300 && response.status < 400) {
      const next = new URL(response.headers.get("location"), url);
      if (next.href.startsWith(redirectUri)) return next;
      [url, request] = [next, {}];
    } else if (response.ok) {
      [url, request] = submission(await response.text(), url, login);
    } else {
      throw new Error(`the provider answers ${response.status} at ${url.pathname}`);
    }
  }
  throw new Error("no end of redirects");
}
