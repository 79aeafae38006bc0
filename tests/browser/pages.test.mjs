// The pages in a real browser: who can read and reach them, what they do without a script, and what goes over the wire.
//
// `HUB`, `NAME`, `PASSPHRASE`: where the hub is, and a case worker who has sent a referral. `CODE`, `PIN`: what the person it is about was given.
// `HOLDER`: who answers for what another organisation must destroy, with the same passphrase.
// `COORDINATOR`: who looks after the mechanism, with the same passphrase. `ROOT`, `THUMBPRINT`: the public root key of an organisation to enrol.
// `PICTURES`, when it is given: a folder for pictures of every page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { pagesOf, printed, same } from "./structure.mjs";

const { HUB, NAME, PASSPHRASE, CODE, PIN, HOLDER, COORDINATOR, ROOT, THUMBPRINT, PICTURES } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [360, 1280];
const LANGUAGES = ["en", "fr", "es", "ar"];

let browser;

before(async () => {
  const root = process.getuid?.() === 0;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: root ? ["--no-sandbox"] : [] });
});

after(async () => browser?.close());

/** A browser of somebody's own; whatever the policy of a page forbids is a failure. */
async function visit({ language = "en", width = 1280, script = true, signedIn = true, name = NAME } = {}, what) {
  const context = await browser.newContext({
    locale: language,
    viewport: { width, height: 800 },
    javaScriptEnabled: script,
    serviceWorkers: "block",
  });
  const violations = [];
  context.on("page", (page) =>
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted ?Type/i.test(message.text())) violations.push(message.text());
    }));
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  try {
    if (signedIn) await signIn(page, name);
    await what(page, context);
    assert.deepEqual(violations, [], "the policy of a page was violated");
  } finally {
    await context.close();
  }
}

async function signIn(page, name) {
  await page.goto(`${HUB}/sign-in`);
  await page.fill("#name", name);
  await page.fill("#passphrase", PASSPHRASE);
  await page.click("form[action='/sign-in'] button");
  await page.waitForURL(`${HUB}/find`);
}

/** Where it stands, as the person sees it. */
async function stands(page) {
  await page.goto(`${HUB}/my`);
  await page.fill("#code", CODE);
  await page.fill("#pin", PIN);
  await page.click("form .button");
  await page.waitForSelector("form[action='/my/take-back']");
}

/** Every page and state that there is, and how to come there. */
const STATES = {
  "sign-in": { signedIn: false, go: (page) => page.goto(`${HUB}/sign-in`) },
  "sign-in-refused": {
    signedIn: false,
    go: async (page) => {
      await page.goto(`${HUB}/sign-in`);
      await page.fill("#name", "nobody");
      await page.fill("#passphrase", "not the right one");
      await page.click("form[action='/sign-in'] button");
      await page.waitForSelector("#errors");
    },
  },
  passphrase: { signedIn: false, go: (page) => page.goto(`${HUB}/passphrase`) },
  find: { go: (page) => page.goto(`${HUB}/find`) },
  "find-person": {
    go: async (page) => {
      await page.goto(`${HUB}/find`);
      await page.click("details.more > summary");
      await page.fill("#age", "34");
      await page.check("input[name=sex][value=female]");
      await page.click("#person .button");
      await page.waitForSelector(".fit");
    },
  },
  "find-nothing": { go: (page) => page.goto(`${HUB}/find?text=zzzzqqq`) },
  "find-map": { go: (page) => page.goto(`${HUB}/find?near=&view=map`) },
  "find-map-circle": { go: (page) => page.goto(`${HUB}/find?near=Lusaka&within=25&view=map`) },
  "find-map-closer": { go: (page) => page.goto(`${HUB}/find?near=&view=map&closer=2`) },
  "find-map-nothing": { go: (page) => page.goto(`${HUB}/find?text=refuge&near=&view=map`) },
  need: {
    go: async (page) => {
      await page.goto(`${HUB}/find?text=zzzzqqq`);
      await page.click(".empty a[href^='/needs/new']");
      await page.waitForSelector("form[action='/needs']");
    },
  },
  "need-refused": {
    go: async (page) => {
      await STATES.need.go(page);
      await page.click("form[action='/needs'] .button");
      await page.waitForSelector("#errors");
    },
  },
  "need-noted": {
    go: async (page) => {
      await STATES.need.go(page);
      await page.selectOption("#service", "SV01");
      await page.check("input[name=urgency][value=U2]");
      await page.check("input[name=reason][value=NP01]");
      await page.click("form[action='/needs'] .button");
      await page.waitForSelector(".notice.good");
    },
  },
  "find-no-place": { go: (page) => page.goto(`${HUB}/find?near=Atlantis`) },
  service: {
    go: async (page) => {
      await page.goto(`${HUB}/find?text=shelter`);
      await page.click(".card-title a");
      await page.waitForSelector("#wrong");
    },
  },
  "service-report": {
    go: async (page) => {
      await page.goto(`${HUB}/find?text=shelter`);
      await page.click(".card-title a");
      await page.click("aside summary");
    },
  },
  inbox: { go: (page) => page.goto(`${HUB}/inbox`) },
  "inbox-mine": { go: (page) => page.goto(`${HUB}/inbox?whose=mine`) },
  sent: { go: (page) => page.goto(`${HUB}/sent`) },
  referral: {
    go: async (page) => {
      await page.goto(`${HUB}/sent`);
      await page.click(".rows .title a");
      await page.waitForSelector(".timeline");
    },
  },
  people: { go: (page) => page.goto(`${HUB}/people`) },
  "people-new": { go: (page) => page.goto(`${HUB}/people/new`) },
  "people-refused": {
    go: async (page) => {
      await page.goto(`${HUB}/people/new`);
      await page.fill("#name", "w.phiri");
      await page.click("form[action='/people/new'] .button");
      await page.waitForSelector("#errors");
    },
  },
  "people-code": {
    go: async (page) => {
      await page.goto(`${HUB}/people/new`);
      await page.fill("#name", "w.phiri");
      await page.check("input[name=roles][value=intake]");
      await page.click("form[action='/people/new'] .button");
      await page.waitForSelector(".sheet");
    },
  },
  "people-one": {
    go: async (page) => {
      await page.goto(`${HUB}/people`);
      await page.click("tbody tr:last-child a");
      await page.waitForSelector("h1 bdi");
    },
  },
  "duties-none": { go: (page) => page.goto(`${HUB}/duties`) },
  "overdue-own": { go: (page) => page.goto(`${HUB}/overdue`) },
  "own-services": { go: (page) => page.goto(`${HUB}/services`) },
  "own-offer": { go: (page) => page.goto(`${HUB}/services/new`) },
  "own-offer-refused": {
    go: async (page) => {
      await offer(page, { url: "example.org" });
      await page.waitForSelector("#errors");
    },
  },
  "own-offered": {
    go: async (page) => {
      await offer(page, {});
      await page.waitForSelector(".notice.good");
    },
  },
  "own-entry": {
    go: async (page) => {
      await page.goto(`${HUB}/services`);
      if ((await page.locator("a[href$='/edit']").count()) === 0) await STATES["own-offered"].go(page);
      await page.click("a[href$='/edit']");
      await page.waitForSelector("input[name=seen]", { state: "attached" });
    },
  },
  "own-entry-refused": {
    go: async (page) => {
      await STATES["own-entry"].go(page);
      await page.fill("#url", "example.org");
      await page.click("button[value=keep]");
      await page.waitForSelector("#errors");
    },
  },
  contacts: { go: (page) => page.goto(`${HUB}/contacts`) },
  "contacts-new": { go: (page) => page.goto(`${HUB}/contacts/new`) },
  "contacts-refused": {
    go: async (page) => {
      await page.goto(`${HUB}/contacts/new`);
      await page.fill("#label", "Duty officer");
      await page.fill("#telephone", "nobody");
      await page.click("form[action='/contacts/new'] .button");
      await page.waitForSelector("#errors");
    },
  },
  agreements: { go: (page) => page.goto(`${HUB}/agreements`) },
  agreement: {
    go: async (page) => {
      await page.goto(`${HUB}/agreements`);
      await page.click(".rows .title a");
      await page.waitForSelector(".round");
    },
  },
  disclosures: { go: (page) => page.goto(`${HUB}/disclosures`) },
  "disclosures-refused": {
    go: async (page) => {
      await page.goto(`${HUB}/disclosures`);
      await page.fill("#about", "somebody");
      await page.click("form[action='/disclosures'] .button");
      await page.waitForSelector("#errors");
    },
  },
  "people-roles-refused": {
    go: async (page) => {
      await STATES["people-one"].go(page);
      for (const box of await page.$$("input[name=roles]:checked")) await box.uncheck();
      await page.click("form[action$='/roles'] .button");
      await page.waitForSelector("#errors");
    },
  },
  account: { go: (page) => page.goto(`${HUB}/account`) },
  "second-step": { go: (page) => page.goto(`${HUB}/account/second-step`) },
  "second-step-app": {
    go: async (page) => {
      await page.goto(`${HUB}/account/second-step`);
      await page.fill("#app", PASSPHRASE);
      await page.click("form[action='/account/second-step/app'] .button");
      await page.waitForSelector(".qr svg");
    },
  },
  "second-step-refused": {
    go: async (page) => {
      await STATES["second-step-app"].go(page);
      await page.fill("#code", "000000");
      await page.click("form[action$='/confirm'] .button");
      await page.waitForSelector("#errors");
    },
  },
  my: { signedIn: false, go: (page) => page.goto(`${HUB}/my`) },
  "my-refused": {
    signedIn: false,
    go: async (page) => {
      await page.goto(`${HUB}/my`);
      await page.fill("#code", "4K7QX-9M2PC");
      await page.fill("#pin", "000000");
      await page.click("form .button");
      await page.waitForSelector("#errors");
    },
  },
  "my-stands": { signedIn: false, go: stands },
  "my-take-back": {
    signedIn: false,
    go: async (page) => {
      await stands(page);
      await page.click("form[action='/my/take-back'] button");
      await page.waitForSelector("form[action='/my/taken-back']");
    },
  },
  "my-correct": {
    signedIn: false,
    go: async (page) => {
      await stands(page);
      await page.click("form[action='/my/correct'] button");
      await page.waitForSelector("#kinds");
    },
  },
  "my-correct-nothing": {
    signedIn: false,
    go: async (page) => {
      await STATES["my-correct"].go(page);
      await page.click("form[action='/my/corrected'] button");
      await page.waitForSelector("#errors");
    },
  },
  "my-corrected": {
    signedIn: false,
    go: async (page) => {
      await STATES["my-correct"].go(page);
      await page.check("input[name=kind][value=reach]");
      await page.click("form[action='/my/corrected'] button");
      await page.waitForSelector(".notice.good");
    },
  },
  "my-write": {
    signedIn: false,
    go: async (page) => {
      await stands(page);
      await page.click("form[action='/my/write'] button");
      await page.waitForSelector("#kinds");
    },
  },
  "my-write-nothing": {
    signedIn: false,
    go: async (page) => {
      await STATES["my-write"].go(page);
      await page.click("form[action='/my/written'] button");
      await page.waitForSelector("#errors");
    },
  },
  "my-written": {
    signedIn: false,
    go: async (page) => {
      await STATES["my-write"].go(page);
      await page.check("input[name=kind][value=want_to_talk]");
      await page.click("form[action='/my/written'] button");
      await page.waitForSelector(".notice.good");
    },
  },
  "my-rate": {
    signedIn: false,
    go: async (page) => {
      await stands(page);
      await page.click("form[action='/my/rate'] button");
      await page.waitForSelector("#need_met");
    },
  },
  notices: { go: (page) => page.goto(`${HUB}/notices`) },
  "not-found": { go: (page) => page.goto(`${HUB}/nothing/here`) },
};

/** The form to offer a service, filled in. */
async function offer(page, { url = "" }) {
  await page.goto(`${HUB}/services/new`);
  await page.selectOption("#service", "SV01");
  await page.fill("#name", "Night shelter");
  await page.fill("#description", "Beds for the night.");
  await page.fill("#url", url);
  await page.click("form[action='/services/new'] .button");
}

/** The form to enrol an organisation, filled in. */
async function enrol(page, thumbprint) {
  await page.goto(`${HUB}/members/new`);
  await page.fill("#name", "Night Shelter Trust");
  await page.check("input[name=kind][value=ngo]");
  await page.fill("#country", "ZM");
  await page.check("input[name=does][value=provide_services]");
  await page.fill("#root", ROOT);
  await page.fill("#thumbprint", thumbprint);
  await page.fill("#administrator", "a.mwale");
  await page.click("form[action='/members/new'] .button");
}

/** Pages and states of who looks after the mechanism. */
const OVERSEEN = {
  overdue: { go: (page) => page.goto(`${HUB}/overdue`) },
  members: { go: (page) => page.goto(`${HUB}/members`) },
  "members-new": { go: (page) => page.goto(`${HUB}/members/new`) },
  "members-refused": {
    go: async (page) => {
      await enrol(page, "not the one that was read out");
      await page.waitForSelector("#errors");
    },
  },
  "members-one": {
    go: async (page) => {
      await page.goto(`${HUB}/members`);
      await page.click("tbody tr:last-child a");
      await page.waitForSelector("#suspend");
    },
  },
  "members-suspend-refused": {
    go: async (page) => {
      await OVERSEEN["members-one"].go(page);
      await page.click("form[action$='/suspend'] .button");
      await page.waitForSelector("#errors");
    },
  },
  directory: { go: (page) => page.goto(`${HUB}/directory`) },
  "directory-doubtful": { go: (page) => page.goto(`${HUB}/directory?list=doubtful`) },
  "directory-due": { go: (page) => page.goto(`${HUB}/directory?list=due`) },
  "directory-offer": {
    go: async (page) => {
      await page.goto(`${HUB}/directory`);
      await page.click(".rows li:first-child .title a");
      await page.waitForSelector("#waits");
    },
  },
  "directory-change": {
    go: async (page) => {
      await page.goto(`${HUB}/directory`);
      await page.click(".rows li:last-child .title a");
      await page.waitForSelector("#waits");
    },
  },
  "directory-refused": {
    go: async (page) => {
      await OVERSEEN["directory-change"].go(page);
      await page.fill("#criteria", "2026-1");
      await page.click("form[action$='/decision'] .button");
      await page.waitForSelector("#errors");
    },
  },
  "directory-verify": {
    go: async (page) => {
      await page.goto(`${HUB}/directory?list=due`);
      await page.click(".rows .title a");
      await page.waitForSelector("#verify");
    },
  },
  "notices-node": { go: (page) => page.goto(`${HUB}/notices`) },
  audit: { go: (page) => page.goto(`${HUB}/audit`) },
};

/** Pages and states of who answers for what must be destroyed. */
const OWING = {
  duties: { go: (page) => page.goto(`${HUB}/duties`) },
  "duties-one": {
    go: async (page) => {
      await page.goto(`${HUB}/duties`);
      await page.click(".cards li:first-child .card-title a");
      await page.waitForSelector("details[open] form");
    },
  },
  "duties-refused": {
    go: async (page) => {
      await OWING["duties-one"].go(page);
      await page.click("form:has(input[value=kept]) .button");
      await page.waitForSelector("#errors");
    },
  },
  "duties-referral": {
    go: async (page) => {
      await page.goto(`${HUB}/duties`);
      await page.click(".cards li:first-child a[href^='/referrals/']");
      await page.waitForSelector(".notice a[href^='/duties/']");
    },
  },
};

/** A language that needs two fifths more room: nothing may scroll sideways for it. */
const stretch = () => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("script, style, template, textarea")) continue;
    node.data = node.data.replace(/\p{L}{4,}/gu, (word) => word + word.slice(0, Math.ceil(word.length * 0.4)));
  }
  return document.documentElement.scrollWidth > document.documentElement.clientWidth;
};

/** Who opens pages, and which. */
const WHO = [
  { who: "as anybody", signedIn: false, states: Object.entries(STATES).filter(([, state]) => state.signedIn === false) },
  { who: "signed in", states: Object.entries(STATES).filter(([, state]) => state.signedIn !== false) },
  ...(HOLDER ? [{ who: "as who must destroy", name: HOLDER, states: Object.entries(OWING) }] : []),
  ...(COORDINATOR ? [{ who: "as coordinator", name: COORDINATOR, states: Object.entries(OVERSEEN) }] : []),
];

for (const language of LANGUAGES) {
  for (const width of WIDTHS) {
    for (const { who, states, ...whose } of WHO) {
      test(`everybody can read the pages, in ${language}, ${width} wide, ${who}`, () =>
        visit({ language, width, ...whose }, async (page) => {
          for (const [name, state] of states) {
            await state.go(page);
            if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}-${language}-${width}.png`, fullPage: true });
            // Through the debugger, because the policy of the page lets no script in.
            await page.evaluate(AXE);
            const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
            const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html).join(" | ")}`);
            assert.deepEqual(told, [], `${name}: what keeps people out`);
            const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
            assert.equal(scrolls, false, `${name} scrolls sideways`);
            assert.equal(await page.getAttribute("html", "dir"), language === "ar" ? "rtl" : "ltr", name);
            if (language === "en") assert.equal(await page.evaluate(stretch), false, `${name} has no room for longer words`);
          }
        }));
    }
  }
}

test("nothing scrolls sideways on the narrowest telephone, or with text at twice its size", () =>
  visit({ width: 320 }, async (page) => {
    const names = [
      "find", "find-person", "find-map", "find-map-closer", "need", "service", "find-nothing", "people", "people-code", "agreement", "account", "second-step-app",
    ];
    for (const name of names) {
      await STATES[name].go(page);
      for (const size of ["100%", "200%"]) {
        await page.evaluate((size) => { document.documentElement.style.fontSize = size; }, size);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(wide, 0, `${name} at ${size}`);
      }
    }
  }));

test("a service is found for a person with the keyboard alone, and nothing of them is in the address", () =>
  visit({}, async (page) => {
    await page.goto(`${HUB}/find`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip", "first is the way past the menu");
    await page.keyboard.press("Enter");
    const until = async (selector) => {
      for (let step = 0; step < 80; step += 1) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
      }
      assert.fail(`${selector} cannot be reached`);
    };
    await until("details.more > summary");
    await page.keyboard.press("Enter");
    await until("#age");
    await page.keyboard.type("34");
    await until("input[name=sex]");
    await page.keyboard.press("Space");
    await until("#person .button");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".fit.good");
    assert.equal(page.url(), `${HUB}/find`);
    await until(".card-title a");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#wrong");
  }));

test("everything there is so far works without a script", () =>
  visit({ script: false }, async (page) => {
    for (const [name, state] of Object.entries(STATES)) {
      if (state.signedIn === false) continue;
      await state.go(page);
      assert.ok(await page.locator("h1").count(), name);
    }
  }));

test("pages of who looks after the mechanism work without a script, and on the narrowest telephone", { skip: !COORDINATOR }, () =>
  visit({ script: false, width: 320, name: COORDINATOR }, async (page) => {
    for (const [name, state] of Object.entries(OVERSEEN)) {
      await state.go(page);
      assert.ok(await page.locator("h1").count(), name);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, name);
    }
    await OVERSEEN["directory-offer"].go(page);
    await page.check("input[name=decision][value=take]");
    await page.fill("#criteria", "2026-1");
    await page.click("form[action$='/decision'] .button");
    await page.waitForSelector(".notice.good");
    await enrol(page, THUMBPRINT);
    await page.waitForSelector(".sheet");
    await page.click("main .actions .button");
    await page.check("input[name=why][value=asked]");
    await page.click("form[action$='/suspend'] .button");
    await page.waitForSelector("#resume");
    await page.click("form[action$='/resume'] .button");
    await page.waitForSelector("#suspend");
  }));

test("what must be destroyed is answered without a script, and on the narrowest telephone", { skip: !HOLDER }, () =>
  visit({ script: false, width: 320, name: HOLDER }, async (page) => {
    for (const [name, state] of Object.entries(OWING)) {
      await state.go(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, name);
    }
    await OWING["duties-one"].go(page);
    await page.click("form:has(input[value=acknowledged]) .button");
    await page.waitForSelector(".notice.good");
    await page.click(".cards li:first-child details > summary");
    assert.equal(await page.locator(".cards li:first-child input[value=acknowledged]").count(), 0);
  }));

test("the pages of the person work without a script, and say how to leave first of all", () =>
  visit({ script: false, signedIn: false }, async (page) => {
    for (const name of Object.keys(STATES).filter((name) => name.startsWith("my"))) {
      await STATES[name].go(page);
      assert.equal(await page.locator("body > *").first().getAttribute("class"), "leave", name);
      assert.equal(await page.locator("script").count(), 0, name);
    }
  }));

test("what is reported of a service is thanked for and holds no word about anybody", () =>
  visit({}, async (page) => {
    await STATES["service-report"].go(page);
    assert.equal(await page.locator("aside textarea, aside input[type=text]").count(), 0);
    await page.check("input[name=met][value=reached]");
    await page.click("aside form button");
    await page.waitForSelector("aside .notice.good");
  }));

test("pages are light: bytes on the wire and requests, from nothing", async () => {
  const BUDGETS = { my: 10_000, "sign-in": 15_000, find: 25_000, "find?near=&view=map": 25_000, service: 15_000, inbox: 15_000, sent: 15_000 };
  for (const [name, most] of Object.entries(BUDGETS)) {
    await visit({ signedIn: STATES[name]?.signedIn ?? true }, async (page, context) => {
      const session = await context.newCDPSession(page);
      await session.send("Network.enable");
      await session.send("Network.setCacheDisabled", { cacheDisabled: true });
      let address;
      if (name === "service") {
        await STATES.service.go(page);
        address = page.url();
      } else address = `${HUB}/${name}`;
      let bytes = 0;
      const asked = [];
      session.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
      session.on("Network.requestWillBeSent", ({ request }) => asked.push(request.url));
      await page.goto(address, { waitUntil: "networkidle" });
      const elsewhere = asked.filter((url) => !url.startsWith(HUB) && !url.startsWith("data:"));
      assert.deepEqual(elsewhere, [], `${name} asks others`);
      assert.ok(asked.length <= 6, `${name}: ${asked.length} requests`);
      assert.ok(bytes > 1_000 && bytes <= most, `${name}: ${bytes} bytes of ${most}`);
      console.log(`${name}: ${bytes} bytes in ${asked.length} requests`);
    });
  }
});

test("the main pages are made of what they were made of, as it is heard", async () => {
  await visit({}, async (page) => {
    for (const name of ["find", "service"]) {
      await STATES[name].go(page);
      await same(page, name);
    }
  });
  if (HOLDER) {
    await visit({ name: HOLDER }, async (page) => {
      await OWING.duties.go(page);
      await same(page, "duties");
    });
  }
  await visit({ signedIn: false }, async (page) => {
    for (const name of ["my", "my-stands"]) {
      await STATES[name].go(page);
      await same(page, name);
    }
  });
});

test("what is printed is what was looked for: no way around, nothing behind a click, few pages", () =>
  visit({}, async (page) => {
    const MOST = { find: 3, service: 2, agreement: 4 };
    for (const [name, most] of Object.entries(MOST)) {
      await STATES[name].go(page);
      await printed(page, name);
      const pages = await pagesOf(page);
      console.log(`${name}: ${pages} pages of paper`);
      assert(pages >= 1 && pages <= most, `${name} takes ${pages} pages`);
    }
    // What is told of somebody to find a service is not printed with what was found.
    await STATES["find-person"].go(page);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.isVisible("#age"), false);
    await page.emulateMedia({ media: "screen" });
  }));
