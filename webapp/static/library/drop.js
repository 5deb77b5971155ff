// Files dropped on the form are the files of its field; without scripts the field alone does it.
const form = document.querySelector("[data-drop]");
if (form) {
  const [zone, field, list] = [form.querySelector(".drop"), form.querySelector('input[type="file"]'), form.querySelector("[data-dropped]")];
  const show = () => {
    list.replaceChildren(...[...field.files].map((file) => {
      const row = document.createElement("li");
      row.textContent = `${file.name} (${Math.ceil(file.size / 1024)} KB)`;
      return row;
    }));
  };
  form.querySelector("[data-drop-hint]").hidden = false;
  field.addEventListener("change", show);
  for (const [name, isOver] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.toggle("is-over", isOver);
      if (name !== "drop" || !event.dataTransfer.files.length) return;
      field.files = event.dataTransfer.files;
      show();
    });
  }
}
