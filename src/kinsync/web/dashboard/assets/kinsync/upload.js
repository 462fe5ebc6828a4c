// A chosen file, sent with its progress shown. Without this script the form is sent as any other.
"use strict";
for (const form of document.querySelectorAll("form[data-upload]")) {
  const said = form.querySelector("[role=status]");
  const button = form.querySelector("button");
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", "Sent");

  const refuse = (words) => {
    bar.remove();
    button.disabled = false;
    said.textContent = words;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (sent) => {
      if (!sent.lengthComputable) return;
      bar.max = sent.total;
      bar.value = sent.loaded;
      const percent = Math.floor((100 * sent.loaded) / sent.total);
      said.textContent = percent < 100 ? `${percent}% is sent.` : "The file has arrived, and is being read.";
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        window.location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const words = page.querySelector("main h1 ~ p");
      refuse(words ? words.textContent : "The file was not taken. Try again.");
    });
    request.addEventListener("error", () => refuse("The connection was lost. Nothing was taken; try again."));
    request.open("POST", form.action);
    request.send(new FormData(form));
    button.disabled = true;
    said.textContent = "The file is being sent.";
    said.after(bar);
  });
}
