// The designer's page: diagram, forms, decision tables, findings and dry run over one drawing, kept while it is made.
import { ask, calmly, say, t } from "./dom.js";
import { makeDecisions } from "./decisions.js";
import { makeFindings } from "./findings.js";
import { makeForms } from "./forms.js";
import { fit, makeModeler } from "./modeler.js";
import { watchPanel } from "./panel.js";
import { makePlayer } from "./player.js";
import { makeProof } from "./proof.js";
import { openTab } from "./tabs.js";

const form = document.getElementById("drawing");
const fields = Object.fromEntries(["source", "forms", "decisions"].map((name) => [name, form.elements[name]]));
const at = (id) => document.getElementById(id);
const kept = `cityloop-drawing:${form.dataset.draft}`;
const status = at("kept");

const parts = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
const backup = () => {
  try { localStorage.setItem(kept, JSON.stringify({ ...parts(), at: Date.now() })); status.textContent = t("kept"); } catch { status.textContent = ""; }
};
const found = () => { try { return JSON.parse(localStorage.getItem(kept) ?? "null"); } catch { return null; } };

const ctx = makeModeler(at("canvas"));
const forms = makeForms(at("forms-editor"), fields.forms, form.dataset.preview, () => changed());
const decisions = makeDecisions(at("decisions-editor"), fields.decisions, () => changed());
ctx.forms = () => forms.names().map((name) => [name, name]);
ctx.decisions = () => decisions.known();
const panel = watchPanel(ctx, at("panel"));
const show = (id) => {
  openTab("diagram");
  const element = ctx.elements.get(id);
  if (!element) return;
  ctx.get("canvas").scrollToElement(element, 80);
  ctx.get("selection").select(element);
};
const findings = makeFindings(ctx, at("findings"), at("count"), show);
const player = makePlayer(at("player"), () => fields.source.value, async () => { await flush(); return ask(form.dataset.drive, parts()); });

const proof = makeProof(at("proof"), async () => { await flush(); return ask(form.dataset.prove, parts()); },
  async (frames, said) => { openTab("player"); await player.show(frames, said); }, show);

const check = async () => {
  try {
    const answer = await ask(form.dataset.check, parts());
    findings(answer);
    panel.tell(answer.findings);
    forms.tell(answer.forms);
    decisions.tell(answer.decisions);
    form.dataset.checked = answer.grade;
  } catch (problem) {
    if (problem.status !== 429) status.textContent = t("not_checked");
  }
};
const checkSoon = calmly(check, 900);
const keep = async () => {
  const { xml } = await ctx.modeler.saveXML({ format: true });
  fields.source.value = xml;
  backup();
};
const keepSoon = calmly(keep, 250);
const flush = () => keepSoon.now();
const changed = () => { form.dataset.checked = ""; proof.forget(); keepSoon(); checkSoon(); };

const load = async (source) => {
  try {
    await ctx.modeler.importXML(source);
    fit(ctx);
    at("canvas").dataset.ready = "true";
  } catch (problem) {
    status.textContent = t("not_drawn", { why: problem.message });
  }
};

const restore = (drawing) => {
  for (const [name, field] of Object.entries(fields)) if (typeof drawing[name] === "string") field.value = drawing[name];
  forms.load();
  decisions.load();
  return load(fields.source.value);
};

/** What was drawn in this browser and never saved is offered, not forced. */
const offer = () => {
  const earlier = found();
  const place = at("earlier");
  if (!earlier || Object.keys(fields).every((name) => earlier[name] === fields[name].value)) return;
  place.hidden = false;
  place.querySelector("[data-restore]").addEventListener("click", async () => { await restore(earlier); place.hidden = true; changed(); });
  place.querySelector("[data-forget]").addEventListener("click", () => { localStorage.removeItem(kept); place.hidden = true; });
};

const submit = async (event) => {
  event.preventDefault();
  await flush();
  if (event.submitter && "plain" in event.submitter.dataset) { await checkSoon.now(); openTab("findings"); return; }
  status.textContent = t("saving");
  try {
    const revision = form.elements.revision?.value;
    const answer = await ask(form.action, revision ? { ...parts(), revision } : parts());
    localStorage.removeItem(kept);
    location.assign(answer.href);
  } catch (problem) {
    const page = new DOMParser().parseFromString(problem.answer ? await problem.answer.text() : "", "text/html");
    status.textContent = page.querySelector("main .said")?.textContent.trim() || t("not_saved");
    say(status.textContent);
  }
};

document.documentElement.dataset.designer = "on";
ctx.get("eventBus").on("commandStack.changed", changed);
form.addEventListener("submit", submit);
at("fit").addEventListener("click", () => fit(ctx));
at("undo").addEventListener("click", () => ctx.get("commandStack").undo());
at("redo").addEventListener("click", () => ctx.get("commandStack").redo());
at("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) { await load(await file.text()); changed(); }
});
addEventListener("resize", () => ctx.get("canvas").resized());
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); form.requestSubmit(document.querySelector(".main-action[form]")); }
});
offer();
await load(fields.source.value);
await check();
