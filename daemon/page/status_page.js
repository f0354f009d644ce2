// The status page keeps itself up to date: it asks for the page again at most once a second, and only while somebody
// looks at it. What has not changed stays as it is, with what the reader has opened, marked and reached. Without this
// script the page is the same, and is reloaded by hand.
(function () {
  var note = document.getElementById("live"), form = document.querySelector("form"), parts = ["verdict", "as-of", "shown", "main"];
  var timer = null, busy = false, again = false, touched = {}, ahead = 0;

  // The daemon's clock and this one's may differ: ages are told by the daemon's.
  function told(d) {
    var t = d.querySelector("#as-of time");
    ahead = t ? Date.now() - new Date(t.getAttribute("datetime")) : 0;
  }

  // Makes `a` what `b` is, and touches only what differs.
  function turn(a, b) {
    if (a.isEqualNode(b)) return;
    Array.from(a.attributes).forEach(function (x) {
      if (!b.hasAttribute(x.name)) a.removeAttribute(x.name);
    });
    Array.from(b.attributes).forEach(function (x) {
      if (a.getAttribute(x.name) !== x.value) a.setAttribute(x.name, x.value);
    });
    var known = {}, at = a.firstChild;
    Array.from(a.children).forEach(function (e) {
      if (e.id) known[e.id] = e;
    });
    Array.from(b.childNodes).forEach(function (n) {
      var old = n.id ? known[n.id] : at && at.nodeName === n.nodeName && !at.id ? at : null;
      if (!old || old.nodeName !== n.nodeName) return a.insertBefore(n, at);
      if (old === at) at = at.nextSibling;
      else a.insertBefore(old, at);
      if (n.nodeType === 1) turn(old, n);
      else if (old.data !== n.data) old.data = n.data;
    });
    while (at) {
      var next = at.nextSibling;
      a.removeChild(at);
      at = next;
    }
  }

  function show(d) {
    told(d);
    localise(d, Date.now() - ahead);
    d.querySelectorAll("details[id]").forEach(function (e) {
      var mine = touched[e.id] && document.getElementById(e.id);
      if (mine) e.open = mine.open;
    });
    var f = document.activeElement, home = f && f.closest("main [id]"), id = home && home.id;
    parts.forEach(function (p) {
      var a = document.getElementById(p), b = d.getElementById(p);
      if (a && b) turn(a, b);
    });
    // What the keyboard was at may have moved.
    if (id && document.activeElement !== f) {
      var e = f.isConnected ? f : (document.getElementById(id) || document).querySelector("summary,a");
      if (e) e.focus({preventScroll: true});
    }
    document.title = d.title;
  }

  function draw() {
    timer = null;
    if (document.hidden || busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    fetch(location.pathname + location.search, {cache: "no-store"}).then(function (r) {
      if (!r.ok) throw new Error(r.status);
      return r.text();
    }).then(function (t) {
      show(new DOMParser().parseFromString(t, "text/html"));
    }).catch(function () {
      note.textContent = "Readback does not answer; this page is old.";
    }).finally(function () {
      busy = false;
      if (again && !document.hidden) later();
    });
  }

  function later(wait) {
    if (!timer) timer = setTimeout(draw, typeof wait === "number" ? wait : 1000);
  }

  document.addEventListener("click", function (e) {
    var s = e.target.closest("summary");
    if (s && s.parentNode.id) touched[s.parentNode.id] = true;
  });
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) later();
  });
  if (form) {
    var filter = function () {
      var q = form.elements.q.value;
      history.replaceState(null, "", q ? "?q=" + encodeURIComponent(q) : location.pathname);
      clearTimeout(timer);
      timer = null;
      later(200);
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", function (e) {
      e.preventDefault();
      filter();
    });
  }
  told(document);
  localise(document, Date.now() - ahead);
  setInterval(function () {
    localise(document, Date.now() - ahead);
  }, 5000);
  if (!window.EventSource) return;

  function follow() {
    var s = new EventSource("/events");
    s.onopen = function () {
      note.textContent = "Live.";
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
