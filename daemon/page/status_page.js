// The status page keeps itself up to date: it asks for the page again at most once a second, and only while somebody
// looks at it. Without this script the page is the same, and is reloaded by hand.
"use strict";
(function () {
  var note = document.getElementById("live"), timer = null, busy = false, again = false;

  // What is selected, to be copied, stays; so does the keyboard's place.
  function put(a, b) {
    var f = document.activeElement, k = function (e) {
      return e.getAttribute("aria-label") || e.getAttribute("href");
    };
    var kept = f && f !== a && a.contains(f) ? k(f) : null;
    a.replaceChildren.apply(a, Array.from(b.childNodes));
    if (kept) Array.from(a.querySelectorAll("a,[tabindex]")).some(function (e) {
      if (k(e) !== kept) return false;
      e.focus({preventScroll: true});
      return true;
    });
  }

  function draw() {
    timer = null;
    if (document.hidden || busy) {
      again = true;
      return;
    }
    if (!window.getSelection().isCollapsed) {
      later();
      return;
    }
    busy = true;
    again = false;
    fetch("/", {cache: "no-store"}).then(function (r) {
      if (!r.ok) throw new Error(r.status);
      return r.text();
    }).then(function (t) {
      var d = new DOMParser().parseFromString(t, "text/html");
      ["verdict", "as-of", "main"].forEach(function (id) {
        var a = document.getElementById(id), b = d.getElementById(id);
        if (a && b && a.innerHTML !== b.innerHTML) put(a, b);
      });
      document.title = d.title;
    }).catch(function () {
      note.textContent = "Readback does not answer; this page is old.";
    }).finally(function () {
      busy = false;
      if (again && !document.hidden) later();
    });
  }

  function later() {
    if (!timer) timer = setTimeout(draw, 1000);
  }

  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) later();
  });
  if (!window.EventSource) return;

  function follow() {
    var s = new EventSource("/events");
    s.onopen = function () {
      note.textContent = "Live: this page follows every sweep.";
      later();
    };
    s.onerror = function () {
      note.textContent = "Connection lost; trying again. What you see may be old.";
      if (s.readyState !== EventSource.CLOSED) return;
      // Refused, because too many follow already; then the browser does not try again by itself.
      note.textContent = "Too many follow live; this page is renewed every 30 s.";
      setTimeout(function () {
        later();
        follow();
      }, 30000);
    };
    ["sweep", "alert", "reset"].forEach(function (k) {
      s.addEventListener(k, later);
    });
  }
  follow();
})();
