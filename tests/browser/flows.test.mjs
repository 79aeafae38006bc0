// What work takes, in a real browser: clicks and screens, keys alone, seconds and bytes on a slow telephone, a network that goes away, and paper.
//
// `HUB`: where the hub is. `SENDER`, `INTAKE`: names to sign in with, by `PASSPHRASE`, of the organisations whose gateways are in
// `SENDER_FOLDER` and `FOLDER`. `PROGRAM`: the program, for the gateways. `CANARY`: what begins every name that is typed into a letter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hand, Keys, confirmed, intoService, says, screen, somebody, until, violations } from "./people.mjs";
import { same } from "./structure.mjs";

const { HUB, SENDER, INTAKE, FOLDER, SENDER_FOLDER, CANARY } = process.env;

const sender = {};
const intake = {};
const letterIn = (page) => page.waitForSelector("section.zone.sealed:has(dl) dl");
const field = (id) => `[id='f-${id.replace(/\W/g, "-")}']`;

test("two people have keys", async () => {
  await Promise.all([[sender, SENDER, SENDER_FOLDER], [intake, INTAKE, FOLDER]].map(async ([who, name, folder]) => {
    // Who writes has what keeps working without a network; who reads goes without.
    who.page = await somebody(name, 360, who === sender ? "allow" : "block");
    who.words = await confirmed(who.page, folder, `Telephone of ${name}`);
  }));
});

/** Takes a consent for the clinic, with a yes to everything; answers what the hand did. */
async function consent(page, nickname) {
  await page.goto(`${HUB}/find?text=Clinic`);
  await intoService(page);
  await page.click("a[href^='/consents/new']");
  await screen(page, "ask");
  const hand = new Hand(page);
  await hand.type("#nickname", nickname);
  for (const told of await page.locator("#told label").all()) await hand.press(told);
  await hand.press("#back label:has(input[value=yes])");
  for (const yes of await page.locator("#answers .answer label:has(input[value=yes])").all()) await hand.press(yes);
  await hand.press("label:has(input[name=method][value=verbal])");
  await hand.press("label:has(input[name=second-as][value=witness])");
  await hand.type("#second", "Sister of the ward");
  await hand.press("label:has(input[name=companion][value=none])");
  await hand.press("label:has(input[name=paper][value=full])");
  await hand.press("button[value=record]");
  await screen(page, "recorded");
  return hand;
}

test("consent is taken on one screen, with eighteen clicks at most", async () => {
  (await consent(sender.page, "Blue suitcase")).took("take consent", 18, 1);
});

/** Seals what is written, and waits until it is sent; says at once what stands against it. */
async function sealed(page, press) {
  await press("[data-place=compose] .button.seal");
  const told = "[data-place=summary]:not([hidden]), main [data-place=error]:not([hidden])";
  await page.waitForSelector(`[data-screen=sent]:not([hidden]), ${told}`);
  if (await page.locator(told).count()) assert.fail(await page.locator(told).first().textContent());
}

/** Refers somebody who is on file, from the list on, and answers where the person looks and with what. */
async function refer(hand, name) {
  const { page } = hand;
  await page.goto(`${HUB}/find`);
  await hand.press(page.locator(".card:has-text('Clinic') a[href^='/referrals/new']"));
  await screen(page, "write");
  // The newest consent stands first.
  await hand.press(page.locator("label:has(input[name=consent])").first());
  await page.waitForSelector("[data-place=letter] .reader");
  await hand.press("label:has(input[name=soon][value=U2])");
  await hand.type(field("CF.case_token"), "H-77");
  await hand.type(field("CF.name"), `${CANARY} ${name}`);
  await hand.choose(field("CF.age_band"), "25_39");
  await sealed(page, (what) => hand.press(what));
}

/** What the person is given: a code and a PIN. */
async function slip(page) {
  await page.click("[data-place=slip-form] .button");
  await page.waitForSelector("[data-place=slip-shown]:not([hidden])");
  const of = (place) => page.textContent(`[data-place=${place}]`);
  return { code: await of("person-code"), pin: await of("person-pin") };
}

let person;

test("somebody is referred with twelve clicks at most, and where it stands is one click away", async () => {
  const { page } = sender;
  const hand = new Hand(page);
  await refer(hand, "of the suitcase");
  hand.took("refer, consent on file", 12, 3);
  person = await slip(page);
  const look = new Hand(page);
  await look.press("nav.rail a[href='/sent']");
  await page.waitForSelector(".rows .tag");
  look.took("see where mine stands", 1, 1);
});

/** The letters in the inbox that nobody has looked at yet. */
const unread = ".rows li:has(.unread) a";

test("a letter is accepted with two clicks", async () => {
  const { page } = intake;
  await page.goto(`${HUB}/inbox`);
  const hand = new Hand(page);
  await hand.press(page.locator(unread).first());
  await letterIn(page);
  await hand.press("form[data-move=accept] .button");
  await says(page, /Make an appointment/);
  hand.took("accept", 2, 2);
});

test("somebody is referred, and accepted, by keys alone", async () => {
  const { page } = sender;
  await consent(page, "Yellow boat");
  const keys = new Keys(page);
  await page.goto(`${HUB}/find`);
  await keys.press(".card:has(a[href^='/services/']) a[href^='/referrals/new']");
  await screen(page, "write");
  await keys.choose("input[name=consent]", "input[name=consent]");
  await page.waitForSelector("[data-place=letter] .reader");
  await page.evaluate(() => document.getElementById("main").focus());
  await keys.choose("input[name=soon]", "input[name=soon][value=U2]");
  await keys.type(field("CF.case_token"), "H-78");
  await keys.type(field("CF.name"), `${CANARY} of the keys`);
  await keys.type(field("CF.age_band"), "25");
  assert.equal(await page.inputValue(field("CF.age_band")), "25_39");
  await sealed(page, (what) => keys.press(what));
  const theirs = new Keys(intake.page);
  await intake.page.goto(`${HUB}/inbox`);
  await theirs.press(unread);
  await letterIn(intake.page);
  await theirs.press("form[data-move=accept] .button");
  await says(intake.page, /Make an appointment/);
});

test("a question, and a no, take two screens and four clicks", async () => {
  await consent(sender.page, "Green kite");
  await refer(new Hand(sender.page), "of the kite");
  const { page } = intake;
  for (const [move, words] of [["ask", "Ask"], ["decline", "Decline"]]) {
    await page.goto(`${HUB}/inbox`);
    const hand = new Hand(page);
    await hand.press(page.locator(unread).first());
    await letterIn(page);
    await hand.press(page.locator(`[data-place=answers] summary:has-text('${words}')`).first());
    await hand.press(page.locator(`form[data-move=${move}] label:has(input[type=radio])`).first());
    const before = await page.textContent(".timeline");
    await hand.press(`form[data-move=${move}] .button:not([type])`);
    await page.waitForFunction((text) => ![null, text].includes(document.querySelector(".timeline")?.textContent ?? null), before);
    hand.took(move, 4, 2);
  }
});

test("a person says how it went on one screen, with four clicks at most", async () => {
  const { page } = sender;
  const context = await page.context().browser().newContext({ javaScriptEnabled: true, viewport: { width: 360, height: 800 }, serviceWorkers: "block" });
  const theirs = await context.newPage();
  theirs.setDefaultTimeout(60_000);
  try {
    await theirs.goto(`${HUB}/my`);
    await theirs.fill("#code", person.code);
    await theirs.fill("#pin", person.pin);
    await theirs.click("form .button");
    await theirs.click("form[action='/my/rate'] button");
    await theirs.waitForSelector("#need_met");
    const hand = new Hand(theirs);
    await hand.press(theirs.locator("#need_met label").first());
    // Every question may be left out; two are answered here.
    for (const name of ["respectful", "asked_consent"]) await hand.press(`label:has(input[name=${name}][value=yes])`);
    await hand.press("form[action='/my/rated'] .button");
    await theirs.waitForSelector(".notice.good");
    hand.took("feedback", 4, 1);
  } finally {
    await context.close();
  }
});

test("the inbox is made of what it was made of, as it is heard", async () => {
  await intake.page.goto(`${HUB}/inbox`);
  // The sign in the head is a link until its script has run.
  await intake.page.waitForSelector("button.chip.key.open");
  await same(intake.page, "inbox");
});

/**
 * A slow telephone on a slow network: 280 kbit/s, 300 ms, a processor slowed six times, nothing of ours in the browser yet; or, where it is said,
 * what the browser has from before.
 */
async function slowly(page, what, isWarm = false) {
  const session = await page.context().newCDPSession(page);
  const wire = { asked: [], came: [] };
  await session.send("Network.enable");
  await session.send("Network.setBypassServiceWorker", { bypass: true });
  if (!isWarm) await session.send("Network.clearBrowserCache");
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 300, downloadThroughput: 35_000, uploadThroughput: 35_000 });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 6 });
  const addresses = new Map();
  session.on("Network.requestWillBeSent", ({ request, requestId }) => {
    wire.asked.push(request.url);
    addresses.set(requestId, new URL(request.url).pathname);
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    // The browser looks for another release of the worker whenever it likes.
    const path = addresses.get(requestId) ?? "";
    if (path.startsWith("/") && path !== "/sw.js") wire.came.push({ path, bytes: encodedDataLength });
  });
  try {
    return await what(wire);
  } finally {
    await session.send("Emulation.setCPUThrottlingRate", { rate: 1 });
    await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await session.detach();
  }
}

test("where a recipient reports people, nothing is sealed before somebody said that the person knows", async () => {
  const { page } = sender;
  await consent(page, "Green scarf");
  // As if the directory said so of this recipient.
  await page.addInitScript(() => {
    const { parse } = JSON;
    JSON.parse = (...said) => {
      const read = parse(...said);
      if (sessionStorage.getItem("reports") !== null && read?.service?.reports !== undefined) read.service.reports = "yes";
      return read;
    };
  });
  await page.evaluate(() => sessionStorage.setItem("reports", "yes"));
  await page.click("[data-place=refer-now]");
  await screen(page, "write");
  await page.waitForSelector("[data-place=letter] .reader");
  await page.check("input[name=soon][value=U2]");
  await page.fill(field("CF.case_token"), "H-81");
  await page.fill(field("CF.name"), `${CANARY} of the scarf`);
  await page.selectOption(field("CF.age_band"), "25_39");
  await page.click("[data-place=compose] .button.seal");
  await page.waitForSelector("[data-place=summary]:not([hidden]) a[href='#reports-known']");
  assert.equal(await page.isVisible("[data-screen=sent]"), false);
  await page.check("#reports-known");
  await page.click("[data-place=compose] .button.seal");
  await page.waitForSelector("[data-screen=sent]:not([hidden])");
  await page.evaluate(() => sessionStorage.removeItem("reports"));
});

/**
 * What a page may take: files and bytes of its own, and bytes with all that it asks the hub for besides. From nothing; and what needs a key also as
 * it is met, because a device that has a key has the files of the page that made it.
 */
const BUDGETS = {
  find: { files: 6, own: 25_000, whole: 25_000 },
  inbox: { files: 6, own: 15_000, whole: 15_000 },
  letter: { files: 6, own: 52_000, whole: 76_000, met: { own: 30_000, whole: 40_000 } },
  compose: { files: 7, own: 73_000, whole: 96_000, met: { own: 30_000, whole: 50_000 } },
};

test("pages are light on a slow telephone, with all that they ask for", async () => {
  await consent(sender.page, "Grey umbrella");
  await sender.page.click("[data-place=refer-now]");
  await screen(sender.page, "write");
  const compose = sender.page.url();
  await sender.page.goto(`${HUB}/sent`);
  const letter = `${HUB}${await sender.page.locator(".rows .title a").first().getAttribute("href")}`;
  const pages = {
    find: [intake.page, `${HUB}/find`, ".card"],
    inbox: [intake.page, `${HUB}/inbox`, ".rows"],
    letter: [sender.page, letter, "section.zone.sealed:has(dl) dl"],
    compose: [sender.page, compose, "[data-place=letter] .reader"],
  };
  for (const [name, [page, address, usable]] of Object.entries(pages)) {
    const { files, met, ...cold } = BUDGETS[name];
    for (const [how, { own, whole }] of [["from nothing", cold], ...(met === undefined ? [] : [["as it is met", met]])]) {
      await slowly(page, async (wire) => {
        const begun = Date.now();
        await page.goto(address, { waitUntil: "commit" });
        await page.waitForSelector(usable);
        const seconds = ((Date.now() - begun) / 1_000).toFixed(1);
        await page.waitForLoadState("networkidle");
        const ours = wire.came.filter(({ path }) => !/^\/(api|\.well-known)\//.test(path));
        const sum = (of) => of.reduce((all, { bytes }) => all + bytes, 0);
        const told = wire.came.map(({ path, bytes }) => `${path} ${bytes}`).join(", ");
        console.log(`${name} ${how}: usable after ${seconds} s; ${sum(ours)} bytes in ${ours.length} files, ${sum(wire.came)} in all ${wire.came.length} answers`);
        assert.deepEqual(wire.asked.filter((url) => !url.startsWith(HUB) && !url.startsWith("data:")), [], `${name} asks others`);
        assert(ours.length >= 1 && ours.length <= files, `${name} ${how}: ${ours.length} files: ${told}`);
        assert(sum(ours) > 1_000 && sum(ours) <= own, `${name} ${how}: ${sum(ours)} bytes of ${own}: ${told}`);
        assert(sum(wire.came) <= whole, `${name} ${how}: ${sum(wire.came)} bytes of ${whole}: ${told}`);
        const paths = wire.came.map(({ path }) => path);
        assert.deepEqual(paths.filter((path, at) => paths.indexOf(path) < at), [], `${name} ${how} asks for nothing twice`);
      }, how !== "from nothing");
    }
  }
  const { page } = sender;
  await slowly(page, async () => {
    await page.check("input[name=soon][value=U2]");
    await page.fill(field("CF.case_token"), "H-80");
    await page.fill(field("CF.name"), `${CANARY} of the umbrella`);
    await page.selectOption(field("CF.age_band"), "25_39");
    await sealed(page, (what) => page.click(what));
    const [took] = await page.evaluate(() => performance.getEntriesByName("sealed").map(({ duration }) => duration));
    console.log(`a letter is sealed in ${took.toFixed(0)} ms`);
    assert(took > 0);
  });
});

test("a letter that is begun for one consent reads no other until somebody wants them", async () => {
  const { page } = sender;
  await consent(page, "White lantern");
  await page.click("[data-place=refer-now]");
  await page.waitForSelector("[data-place=letter] .reader");
  const names = () => page.locator("[data-place=consent-name]").allTextContents();
  assert.deepEqual(await names(), ["White lantern"]);
  assert(await page.isChecked("input[name=consent]"), "it is the one that was asked for");
  await page.click("[data-place=older]");
  await page.waitForSelector("[data-place=older-row]", { state: "hidden" });
  const all = await names();
  assert.equal(all[0], "White lantern");
  assert(all.length > 2 && new Set(all).size === all.length, all.join());
  assert(await page.isChecked("input[name=consent]"), "and still is");
});

test("somebody who was not read yet is found by the nickname", async () => {
  const { page } = sender;
  // As if a page of the list held one paper.
  const short = (route) => route.continue({ url: route.request().url().replace(/limit=\d+/, "limit=1") });
  await page.route(/\/api\/v1\/papers\?/, short);
  await page.goto(`${HUB}/cases`);
  await screen(page, "cases");
  const rows = page.locator("[data-place=people] > *");
  assert.equal(await rows.count(), 1);
  await page.fill("#nickname", "blue suit");
  await rows.filter({ hasText: "Blue suitcase" }).waitFor();
  assert.equal(await rows.count(), 1);
  await page.fill("#nickname", "nobody is called so");
  await page.waitForSelector("[data-place=older]", { state: "hidden" });
  assert.equal(await rows.count(), 0);
  await page.unroute(/\/api\/v1\/papers\?/, short);
});

test("what a page names in its head is what its script asks for, and it asks for nothing twice", async () => {
  const { page } = sender;
  const unused = [];
  const heard = (message) => void (/preloaded using link preload but not used/.test(message.text()) && unused.push(message.text()));
  page.on("console", heard);
  await page.goto(`${HUB}/find?text=Clinic`);
  const links = page.locator("a[href^='/referrals/new'], a[href^='/consents/new']");
  const ways = [...new Set(await links.evaluateAll((all) => all.map((one) => one.getAttribute("href"))))];
  assert(ways.length > 0);
  const consents = ways.map((way) => way.replace("/referrals/new", "/consents/new"));
  for (const way of new Set([...ways, ...consents])) {
    const asked = [];
    const noted = (request) => void asked.push(new URL(request.url()).pathname);
    page.on("request", noted);
    await page.goto(`${HUB}${way}`);
    await page.waitForSelector('[data-screen="write"]:not([hidden]), [data-screen="ask"]:not([hidden])');
    await page.waitForLoadState("networkidle");
    page.off("request", noted);
    assert(asked.some((path) => path.endsWith("/keys")), asked.join());
    assert.deepEqual(asked.filter((path, at) => asked.indexOf(path) < at), [], way);
    // The browser says so some seconds after the page is there.
    await page.waitForTimeout(6_000);
  }
  page.off("console", heard);
  assert.deepEqual(unused, []);
});

/** What a page weighs, packed as every browser takes it. */
async function packed(address) {
  const { default: http } = await import("node:http");
  return new Promise((resolve, reject) => {
    http.get(`${HUB}${address}`, { headers: { "accept-encoding": "gzip" } }, (response) => {
      let size = 0;
      response.on("data", (part) => void (size += part.length));
      response.on("end", () => resolve(response.statusCode === 200 ? size : Number.POSITIVE_INFINITY));
    }).on("error", reject);
  });
}

/** Bytes of script that a page brings along, packed with gzip. What opens or seals a letter is more than the 16 KB of other pages. */
const SCRIPTS = { find: 2_000, inbox: 2_000, key: 29_000, letter: 31_000, compose: 48_500, cases: 40_000 };

test("scripts and styles stay small", async () => {
  const { page } = sender;
  await page.goto(`${HUB}/sent`);
  const letter = await page.locator(".rows .title a").first().getAttribute("href");
  await page.goto(`${HUB}/find`);
  const compose = await page.locator("a[href^='/referrals/new']").first().getAttribute("href");
  const addresses = { find: "/find", inbox: "/inbox", key: "/key", letter, compose, cases: "/cases" };
  for (const [name, address] of Object.entries(addresses)) {
    await page.goto(`${HUB}${address}`);
    const files = await page.evaluate(() => [...document.querySelectorAll("script[src], link[rel=modulepreload]")].map((one) => new URL(one.src || one.href).pathname));
    const sizes = await Promise.all(files.map(packed));
    const whole = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`${name}: ${whole} bytes of script in ${files.length} files`);
    assert(files.length >= 1 && whole > 1_000 && whole <= SCRIPTS[name], `${name}: ${whole} bytes of script of ${SCRIPTS[name]}`);
    const style = await page.evaluate(() => new URL(document.querySelector("link[rel=stylesheet]").href).pathname);
    const css = await packed(style);
    assert(css > 1_000 && css <= 8_000, `${css} bytes of style`);
  }
});

/** What the worker keeps: addresses, and whether anything that is typed or named here stands in any of it. */
const kept = (page, words) => page.evaluate(async (wanted) => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      const [text, how] = [await response.text(), response.headers.get("cache-control")];
      found.push({ path: new URL(request.url).pathname, how, says: wanted.filter((word) => text.includes(word)) });
    }
  }
  return found;
}, words);

const workers = (page) => page.evaluate(async () => ({ workers: (await navigator.serviceWorker.getRegistrations()).length, caches: (await caches.keys()).length }));
const isWatched = (page) => until(page, "the worker keeps its page", async () => (await caches.match("/offline")) !== undefined);

/** What is typed into a letter to be looked for: long enough that nothing has it by chance. */
const TOKEN = "H-79-of-the-bicycle";

/** What was typed last is kept as a draft. */
const isDrafted = (page) => until(page, "what was typed is kept", async () => {
  const done = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    const rows = database.transaction("values").objectStore("values");
    const [names, values] = await Promise.all([done(rows.getAllKeys()), done(rows.getAll())]);
    database.close();
    if (names.some((one, at) => one.startsWith("draft ") && values[at].at >= globalThis.typedAt)) return true;
  }
  return false;
});

test("without a network nothing that was written is lost, and what was sealed goes once when it is back", async () => {
  const { page } = sender;
  const context = page.context();
  await consent(page, "Red bicycle");
  await page.click("[data-place=refer-now]");
  await page.waitForSelector("[data-place=letter] .reader");
  const address = page.url();
  await isWatched(page);
  await page.check("input[name=soon][value=U2]");
  await page.fill(field("CF.case_token"), TOKEN);
  await page.waitForFunction(() => document.querySelector("[data-place=compose] [data-place=status]").textContent !== "");
  await context.setOffline(true);
  await page.evaluate(() => document.addEventListener("input", () => void (globalThis.typedAt = Date.now() * 1_000), { capture: true }));
  await page.fill(field("CF.name"), `${CANARY} of the bicycle`);
  await isDrafted(page);
  // The telephone threw the page away, and somebody opens it again.
  await page.goto(address);
  await page.waitForSelector("[data-place=again]");
  await page.waitForSelector("[data-place=drafts]:not([hidden])");
  assert.equal(await page.isVisible("[data-place=waiting]"), false);
  await context.setOffline(false);
  await page.waitForSelector("[data-place=draft-go-on]");
  await page.click("[data-place=draft-go-on]");
  await page.waitForSelector("[data-place=draft]", { state: "hidden" });
  await page.waitForSelector("[data-place=letter] .reader");
  assert.equal(await page.inputValue(field("CF.name")), `${CANARY} of the bicycle`);
  await page.selectOption(field("CF.age_band"), "25_39");
  const other = await context.newPage();
  other.setDefaultTimeout(60_000);
  const rows = async () => {
    await other.goto(`${HUB}/sent`);
    return other.locator(".rows .title a").count();
  };
  const before = await rows();
  await context.setOffline(true);
  await page.click("[data-place=compose] .button.seal");
  await screen(page, "kept");
  await page.waitForSelector("[data-place=waiting]:not([hidden]) li");
  await page.goto(`${HUB}/inbox`);
  await page.waitForSelector("[data-place=waiting]:not([hidden]) li");
  assert.match(await page.textContent("[data-place=waiting-list]"), /Lakeside/);
  assert.deepEqual((await kept(page, [CANARY, "of the bicycle", "suitcase", TOKEN, SENDER])).filter(({ says }) => says.length > 0), []);
  const taken = [];
  context.on("response", (response) => {
    if (response.request().method() === "POST" && response.url().endsWith("/api/v1/packets")) taken.push(response.status());
  });
  // Two windows come back at once.
  await context.setOffline(false);
  await other.goto(`${HUB}/find`);
  await page.waitForSelector("nav.rail");
  for (let tries = 0; taken.length === 0; tries += 1) {
    assert(tries < 300, "what waited did not go");
    await page.waitForTimeout(200);
  }
  // Whichever window sends is left alone until it has put away what it sent.
  await until(page, "who sends comes to an end", async () => {
    const { held, pending } = await navigator.locks.query();
    return ![...held, ...pending].some(({ name }) => name === "throughline sending");
  });
  await page.goto(address);
  await screen(page, "write");
  assert.equal(await page.isVisible("[data-place=waiting]"), false, "nothing waits any more");
  assert.equal(await page.isVisible("[data-place=draft]"), false, "nor is what went offered again");
  assert.equal(await rows(), before + 1);
  assert.deepEqual(taken, [201], "it was handed in once");
  await other.close();
});

test("the worker keeps files of one release and nothing of anybody, and goes with whoever signs out", async () => {
  const { page } = sender;
  await page.goto(`${HUB}/cases`);
  await screen(page, "cases");
  await isWatched(page);
  for (const path of ["/sent", "/find", "/account"]) await page.goto(`${HUB}${path}`);
  const all = await kept(page, [CANARY, "suitcase", "of the bicycle", TOKEN, SENDER, "throughline_session"]);
  assert(all.length >= 3, JSON.stringify(all));
  for (const { path, how, says } of all) {
    assert.match(path, /^\/(assets\/|icon\.svg$|offline$)/);
    assert.doesNotMatch(how, /no-store|private/);
    assert.deepEqual(says, [], path);
  }
  // Another release takes the place of the one before. The page of the person asks for no worker.
  await page.goto(`${HUB}/my`);
  await page.evaluate(async () => {
    await (await caches.open("throughline of before")).put("/assets/old.js", new Response(""));
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  });
  // It is there for as long as a page has it.
  await page.goto(`${HUB}/my`);
  await page.goto(`${HUB}/find`);
  await until(page, "the release before goes", async () => !(await caches.keys()).includes("throughline of before"));
  // A device that others use has none, nor drafts.
  await page.goto(`${HUB}/key`);
  await screen(page, "open");
  await page.check("[data-place=shared-now]");
  const isBare = async () => (await navigator.serviceWorker.getRegistrations()).length + (await caches.keys()).length === 0;
  await until(page, "what was kept goes", async () => (await caches.keys()).length === 0);
  await page.goto(`${HUB}/find`);
  // The worker of the page before may have been at work until now; every page takes away what there is.
  await until(page, "the worker goes with what it kept", isBare);
  await page.waitForTimeout(500);
  assert.deepEqual(await workers(page), { workers: 0, caches: 0 });
  // Its key is open for five minutes and not for thirty.
  await page.goto(`${HUB}/key`);
  await screen(page, "locked");
  await page.fill("#unlock-words", sender.words);
  await page.click("[data-place=unlock-form] .button.seal");
  await screen(page, "open");
  await page.uncheck("[data-place=shared-now]");
  await isWatched(page);
  await page.goto(`${HUB}/find`);
  await page.click("details.menu > summary");
  await page.click("form[action='/sign-out'] button");
  await page.waitForURL(`${HUB}/sign-in`);
  await until(page, "the worker goes with whoever signs out", isBare);
});

test("no page broke its policy", () => assert.deepEqual(violations, []));
