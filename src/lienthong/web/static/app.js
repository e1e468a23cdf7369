// What scripts add to pages that already work without them: dropping a file, its progress, and leave-warnings.
(function () {
  "use strict";

  function upload(form) {
    var zone = form.querySelector(".drop");
    var input = form.querySelector("input[type=file]");
    var name = form.querySelector("[data-file-name]");
    var box = form.querySelector("[data-progress]");
    var bar = box && box.querySelector("progress");
    var text = box && box.querySelector("[data-progress-text]");
    var problem = form.querySelector("[data-problem]");
    var button = form.querySelector("button:not([type=button])");
    if (!zone || !input) { return; }

    function named() {
      if (name) { name.textContent = Array.from(input.files).map(function (f) { return f.name; }).join(", "); }
    }
    input.addEventListener("change", named);
    ["dragenter", "dragover"].forEach(function (kind) {
      zone.addEventListener(kind, function (event) { event.preventDefault(); zone.classList.add("over"); });
    });
    ["dragleave", "drop"].forEach(function (kind) {
      zone.addEventListener(kind, function (event) { event.preventDefault(); zone.classList.remove("over"); });
    });
    zone.addEventListener("drop", function (event) {
      if (event.dataTransfer && event.dataTransfer.files.length) { input.files = event.dataTransfer.files; named(); }
    });

    form.addEventListener("submit", function (event) {
      if (!input.files.length || !window.FormData) { return; }
      event.preventDefault();
      var request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("x-csrftoken", form.querySelector("[name=_csrf_token]").value);
      request.setRequestHeader("x-upload", "script");
      request.upload.addEventListener("progress", function (step) {
        if (!step.lengthComputable) { bar.removeAttribute("value"); return; }
        var share = Math.floor(100 * step.loaded / step.total);
        bar.value = share;
        text.textContent = share < 100 ? box.dataset.sending.replace("0", share) : box.dataset.checking;
        if (share === 100) { bar.removeAttribute("value"); }
      });
      function failed(message) {
        box.hidden = true; button.disabled = false;
        problem.hidden = false; problem.textContent = message || problem.dataset.fallback; problem.focus();
      }
      request.addEventListener("load", function () {
        var answer = {};
        try { answer = JSON.parse(request.responseText); } catch (ignored) { answer = {}; }
        if (request.status < 300 && answer.location) { window.location.assign(answer.location); return; }
        failed(answer.detail);
      });
      request.addEventListener("error", function () { failed(""); });
      problem.hidden = true; box.hidden = false; button.disabled = true; bar.value = 0;
      request.send(new FormData(form));
    });
  }
  document.querySelectorAll("form[data-upload]").forEach(upload);

  // A long form that was changed is not left by accident.
  document.querySelectorAll("form[data-guard]").forEach(function (form) {
    var changed = false;
    form.addEventListener("input", function () { changed = true; });
    form.addEventListener("submit", function () { changed = false; });
    window.addEventListener("beforeunload", function (event) { if (changed) { event.preventDefault(); } });
  });

  // Filters act when a choice is made; without scripts their button does.
  document.querySelectorAll("form[data-instant] select").forEach(function (select) {
    select.addEventListener("change", function () { select.form.requestSubmit(); });
  });

  var here = document.querySelector(".nav [aria-current]");
  if (here) { here.scrollIntoView({ block: "nearest", inline: "center" }); }

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.done;
    });
  });
}());
