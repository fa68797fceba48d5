"""What is added to labml's page: a question before it deletes, and a life without d3."""

# Refused, a request stays unsent, and the page stays as it is: its own question ("Are you sure?"),
# which it asks for a single run only, is answered with yes since this one follows.
SCRIPT = """\
"use strict";
{
  const {open, send} = XMLHttpRequest.prototype;
  const ask = window.confirm.bind(window);
  const deleting = new WeakMap();

  const question = (what, body) => {
    const uuids = Object.values(JSON.parse(body))[0];
    const chosen = [...document.querySelectorAll(".list-item.selected h5")];
    const names = chosen.map(name => name.textContent);
    const many = uuids.length === 1 ? `this ${what}` : `these ${uuids.length} ${what}s`;
    const which = names.length === uuids.length && names.length < 10 ? `: ${names.join("; ")}` : "";
    const rest = what === "run" ? "\\n\\nFolders of runs on the disk stay as they are." : "";
    return `Delete ${many} from the dashboard for good${which}?${rest}`;
  };

  XMLHttpRequest.prototype.open = function (method, url, ...more) {
    const path = method === "PUT" && url.match(/\\/api\\/v1\\/(run|session)s$/);
    deleting.set(this, path && (path[1] === "run" ? "run" : "computer"));
    return open.call(this, method, url, ...more);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const what = deleting.get(this);
    if (!what || ask(question(what, body))) send.call(this, body);
  };
  window.confirm = text => text === "Are you sure?" || ask(text);

  // Without d3, labml's page would end where it first names it; so it lists runs and settings.
  window.d3 ??= {format: () => number => number.toPrecision(3), piecewise: () => () => "gray"};

  // labml's page empties its body.
  document.addEventListener("DOMContentLoaded", () => {
    const notice = document.getElementById("lacking");
    if (notice) document.body.before(notice);
  });
}
"""
