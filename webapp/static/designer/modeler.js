// The bpmn-js modeler in the reader's language, with our words among its own.
import { data } from "./dom.js";
import { ZH } from "./zh.js";

const missing = new Set();

/** What the modeler says, in the reader's language; what has no translation is noted on the page for its test. */
const translate = (template, places = {}) => {
  let said = template;
  if (data.language === "zh" && template.trim()) {
    said = ZH[template] ?? template;
    if (!(template in ZH) && /[A-Za-z]{2}/.test(template)) {
      missing.add(template);
      document.documentElement.dataset.untranslated = JSON.stringify([...missing]);
    }
  }
  return said.replace(/\{([^}]+)\}/g, (whole, name) => (name in places ? translate(String(places[name])) : whole));
};

/** A modeler in `container`, and shortcuts to its services. */
export const makeModeler = (container) => {
  const modeler = new window.BpmnJS({
    container,
    moddleExtensions: { cl: data.moddle },
    additionalModules: [{ translate: ["value", translate] }],
  });
  const get = (name) => modeler.get(name);
  return {
    modeler,
    get,
    modeling: get("modeling"),
    elements: get("elementRegistry"),
    moddle: get("moddle"),
    /** The diagram elements a person means: no labels, no planes of collapsed sub-processes. */
    all: () => get("elementRegistry").filter((each) => each.type !== "label" && each.businessObject && !/_plane$/.test(each.id)),
    root: () => get("canvas").getRootElement(),
    definitions: () => modeler.getDefinitions(),
  };
};

const ownName = ({ businessObject }) => businessObject.name || (businessObject.$type === "bpmn:TextAnnotation" ? businessObject.text : "");

/** What an element is called for people: its name, else its kind in words and its number among those without one. */
export const shortName = (element, elements) => {
  const nameless = elements.filter((each) => each.type === element.type && each.businessObject && !each.labelTarget && !ownName(each));
  return ownName(element) || `${kindOf(element)} ${nameless.indexOf(element) + 1}`;
};

/** The same with the kind of an element that has a name. */
export const nameOf = (element, elements) => (ownName(element) ? `${ownName(element)} (${kindOf(element)})` : shortName(element, elements));

/** The kind of an element in words: the modeler's own, split at its capitals. */
export const kindOf = (element) => {
  const words = element.type.replace("bpmn:", "").replace(/(?<=[a-z])([A-Z])/g, " $1").toLowerCase();
  return translate(words.charAt(0).toUpperCase() + words.slice(1));
};

/** Show the whole drawing with room for the palette at its left. */
export const fit = ({ get }) => {
  const canvas = get("canvas");
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  if (!outer.width || !outer.height) return;
  const palette = Math.min(136, outer.width / 3);
  const room = { width: outer.width - palette - 30, height: outer.height - 80 };
  const scale = Math.min(1, room.width / Math.max(1, inner.width), room.height / Math.max(1, inner.height));
  canvas.viewbox({ x: inner.x - palette / scale, y: inner.y - 30 / scale, width: outer.width / scale, height: outer.height / scale });
};
