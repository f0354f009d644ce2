// Moments stand in the page in UTC. A browser knows the reader's own time, and how long ago it was: both are shown, and
// UTC when it is pointed at. Without this script the page has UTC.
"use strict";
function localise(root, now, dated) {
  var two = function (n) {
    return (n < 10 ? "0" : "") + n;
  };
  var day = function (t) {
    return t.getFullYear() + "-" + two(t.getMonth() + 1) + "-" + two(t.getDate());
  };
  var span = function (s) {
    s = Math.max(0, Math.floor(s));
    if (s < 60) return s + "s";
    if (s < 3600) return Math.floor(s / 60) + "m " + two(s % 60) + "s";
    if (s < 86400) return Math.floor(s / 3600) + "h " + two(Math.floor(s / 60) % 60) + "m";
    return Math.floor(s / 86400) + "d " + two(Math.floor(s / 3600) % 24) + "h";
  };
  root.querySelectorAll("time[datetime]").forEach(function (e) {
    var utc = e.getAttribute("datetime"), t = new Date(utc), ago = (now - t) / 1000;
    if (isNaN(ago)) return;
    var here = two(t.getHours()) + ":" + two(t.getMinutes()) + ":" + two(t.getSeconds());
    if (t.getTimezoneOffset() === 0) here += "Z";
    if (dated || day(t) !== day(new Date(now))) here = day(t) + " " + here;
    e.title = utc.slice(0, 10) + " " + utc.slice(11, 19) + "Z";
    e.textContent = e.className === "age" ? span(ago)
      : here + (ago < 0 ? " (in " + span(-ago) + ")" : " (" + span(ago) + " ago)");
  });
  var zone = root.querySelector(".zone"), name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && new Date(now).getTimezoneOffset() !== 0) zone.textContent = "Times of " + name + "; pointing at one tells UTC.";
}
