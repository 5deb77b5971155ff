// What pages gain where scripts run. Every page works without: nothing here is the only way to anything.
(() => {
  "use strict";
  const root = document.documentElement;
  const say = (text) => { const live = document.getElementById("live"); if (live) live.textContent = text; };

  // theme
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      localStorage.setItem("cityloop-theme", root.dataset.bsTheme);
    });
  }

  // clocks run on between two answers of the server, by its time and in its words
  const words = JSON.parse(document.body.dataset.clockWords || "{}");
  let ahead = 0;
  const setClock = (instant) => { ahead = Date.parse(instant) - Date.now(); };
  setClock(document.body.dataset.now);
  const fill = (text, name, value) => text.replace(`{${name}}`, value);
  const span = (seconds) => {
    const parts = [["days", Math.floor(seconds / 86400)], ["hours", Math.floor(seconds / 3600) % 24], ["minutes", Math.floor(seconds / 60) % 60], ["seconds", seconds % 60]];
    const first = Math.max(0, parts.findIndex(([, count]) => count));
    const shown = parts.slice(first, first + 2).filter(([, count]) => count).map(([unit, count]) => fill(words[unit], "count", count));
    return shown.join(" ") || fill(words.seconds, "count", 0);
  };
  const tick = () => {
    const now = Date.now() + ahead;
    for (const clock of document.querySelectorAll("[data-due]")) {
      const due = Date.parse(clock.dataset.due);
      const text = fill(now > due ? words.over : words.left, "span", span(Math.floor(Math.abs(due - now) / 1000)));
      const shown = clock.querySelector(".clock-text");
      if (shown.textContent !== text) shown.textContent = text;
      const started = Date.parse(clock.dataset.started);
      if (!(started < due)) continue;
      const percent = ((now - started) / (due - started)) * 100;
      clock.querySelector("meter").value = Math.min(100, Math.floor(percent / 10) * 10);
      const mood = percent > 100 ? "over" : percent >= 80 ? "soon" : "ok";
      clock.className = `clock clock-${mood}`;
    }
  };
  if (words.left) setInterval(tick, 1000);

  // keys: j and k walk through a list, Enter opens, / searches, c claims; never while somebody types
  let at = -1;
  const rows = () => [...document.querySelectorAll("[data-keys] tbody tr")];
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j" || event.key === "k") {
      const all = rows();
      if (!all.length) return;
      at = Math.max(0, Math.min(all.length - 1, at + (event.key === "j" ? 1 : -1)));
      all.forEach((row, place) => row.classList.toggle("is-at", place === at));
      const link = all[at].querySelector("a");
      if (link) link.focus();
    }
    const field = document.querySelector(`[data-focus-key="${CSS.escape(event.key)}"]`);
    if (field) { event.preventDefault(); field.focus(); }
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button) { event.preventDefault(); button.click(); }
  });

  // fields that one decision asks for are shown with it; without scripts they all stand there with a note
  for (const form of document.querySelectorAll("form")) {
    const conditional = [...form.querySelectorAll("[data-shown-for]")];
    if (!conditional.length) continue;
    const update = () => {
      const chosen = form.querySelector('[name="f-decision"]:checked');
      for (const field of conditional) {
        field.hidden = !chosen || !field.dataset.shownFor.split(" ").includes(chosen.value);
      }
    };
    form.addEventListener("change", update);
    update();
  }

  // a refusal is a page of its own: the browser sends the form again and shows who was faster
  document.addEventListener("htmx:before:response", (event) => {
    const form = event.target.closest?.("form");
    if (form && event.detail.ctx.response.status >= 400) { event.preventDefault(); HTMLFormElement.prototype.submit.call(form); }
  });

  // a row that was swapped keeps the keyboard where it was: on the way into the item
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement === document.body) document.querySelector("[data-keys] .is-at a, [data-keys] tbody a.btn-primary")?.focus();
  });

  // the diagram with its tokens: as high as it needs, with room for the viewer's mark, and steps to look closer
  const diagram = document.querySelector("[data-diagram]");
  if (diagram && window.BpmnJS) {
    const viewer = new window.BpmnJS({ container: diagram });
    const canvas = viewer.get("canvas");
    const fit = () => {
      const inner = canvas.viewbox().inner;
      const width = diagram.clientWidth;
      const scale = Math.min(1, (width - 24) / inner.width);
      diagram.style.height = `${Math.round(Math.min(640, Math.max(200, inner.height * scale + 64)))}px`;
      canvas.resized();
      const room = Math.min(scale, (diagram.clientHeight - 64) / inner.height);
      canvas.viewbox({ x: inner.x - 12 / room, y: inner.y - 12 / room, width: width / room, height: diagram.clientHeight / room });
    };
    fetch(diagram.dataset.diagram).then((answer) => answer.text()).then((xml) => viewer.importXML(xml)).then(() => {
      fit();
      const tokens = JSON.parse(diagram.dataset.tokens || "{}");
      for (const [node, count] of Object.entries(tokens)) {
        const badge = document.createElement("div");
        badge.className = "token";
        badge.textContent = String(count);
        viewer.get("overlays").add(node, { position: { top: -14, right: 14 }, html: badge });
        canvas.addMarker(node, "stands");
      }
      const tools = document.querySelector("[data-diagram-tools]");
      if (tools) {
        tools.hidden = false;
        tools.addEventListener("click", (event) => {
          const by = event.target.closest("[data-zoom]")?.dataset.zoom;
          if (by === "fit") fit();
          else if (by) canvas.zoom(canvas.zoom() * Number(by), "auto");
        });
      }
      diagram.viewer = viewer;
      diagram.dispatchEvent(new CustomEvent("diagram-ready", { detail: viewer }));
      diagram.dataset.ready = "true";
    }).catch((problem) => {
      diagram.hidden = true;
      console.warn("the diagram could not be drawn:", problem.message);
    });
  }

  // the map: grid cells without tiles, one pin
  const place = document.querySelector("[data-map]");
  if (place && window.L) {
    const map = window.L.map(place, { attributionControl: false, zoomControl: false });
    window.L.control.zoom({ zoomInTitle: place.dataset.zoomIn, zoomOutTitle: place.dataset.zoomOut }).addTo(map);
    const pin = window.L.circleMarker([0, 0], { radius: 9, color: "#0f2f5c", fillColor: "#ffb000", fillOpacity: 1 });
    const show = (lat, lon) => { pin.setLatLng([lat, lon]).addTo(map); };
    fetch(place.dataset.map).then((answer) => answer.json()).then((cells) => {
      const layer = window.L.geoJSON(cells, { style: { color: "#5b6b80", weight: 1, fillOpacity: 0.08 } }).addTo(map);
      if (cells.features.length) map.fitBounds(layer.getBounds());
      else map.setView([0, 0], 1);
      if (place.dataset.lat) { show(+place.dataset.lat, +place.dataset.lon); map.setView([+place.dataset.lat, +place.dataset.lon], 14); }
      place.dataset.ready = "true";
    });
    if ("pick" in place.dataset) {
      map.on("click", (event) => {
        show(event.latlng.lat, event.latlng.lng);
        document.getElementById("latitude").value = event.latlng.lat.toFixed(6);
        document.getElementById("longitude").value = event.latlng.lng.toFixed(6);
      });
    }
  }

  // live pages: the server says that something moved, the page asks for itself again; without a stream it asks by time
  const live = document.querySelector("[data-live]");
  if (live && window.EventSource) {
    const note = document.querySelector("[data-live-note]");
    const refresh = () => fetch(location.href, { headers: { "X-Part": "live" } })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.status))))
      .then((page) => {
        const answered = new DOMParser().parseFromString(page, "text/html");
        const fresh = answered.querySelector("[data-live]");
        const old = document.querySelector("[data-live]");
        if (!fresh) { location.reload(); return; }  // the last row is gone, or one is signed out: show that
        setClock(answered.querySelector("[data-now]").dataset.now);
        if (old && !old.contains(document.activeElement)) { old.replaceWith(fresh); tick(); say(note ? note.dataset.liveNote : ""); }
      });
    let waiting = 0;
    let asking = 0;
    let stream = null;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(refresh, 100); };
    const hangUp = () => { if (stream) stream.close(); stream = null; clearInterval(asking); asking = 0; };
    const askByTime = () => { hangUp(); asking = setInterval(refresh, 15000); };
    const listen = () => {
      stream = new EventSource("/live");
      stream.addEventListener("moved", soon);
      stream.addEventListener("full", askByTime);
      stream.onerror = (event) => {
        if (note) note.hidden = false;
        if (event.target.readyState === EventSource.CLOSED) askByTime();  // refused, as after signing out
      };
      stream.onopen = () => { if (note) note.hidden = true; };
    };
    // a tab that nobody sees holds no stream: a browser has six connections for all tabs of a site together
    document.addEventListener("visibilitychange", () => {
      hangUp();
      if (!document.hidden) { refresh(); listen(); }
    });
    if (!document.hidden) listen();
  }
})();
