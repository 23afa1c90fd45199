"""What the measured pages note themselves: JavaScript that Playwright runs in them."""

# Notes in the page itself when a key goes down and when a frame is drawn in which a text stands.
WATCH = """() => {
  window.seen = {};
  document.addEventListener('keydown', e => {
    if (e.key === 'Enter') window.seen = {key: performance.now()};
  }, true);
  const note = (name, wanted) => {
    if (!window.seen.key || window.seen[name]) return;
    const all = [...document.querySelectorAll('[data-testid=message]')].slice(-2);
    if (!all.some(one => one.textContent.includes(wanted))) return;
    window.seen[name] = -1;
    requestAnimationFrame(() => {
      const drawn = new MessageChannel();
      drawn.port1.onmessage = () => { window.seen[name] = performance.now() - window.seen.key; };
      drawn.port2.postMessage(0);
    });
  };
  new MutationObserver(() => {
    note('own', window.asked);
    note('first', window.wanted);
  }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""

STOP = """() => new Promise(done => {
  const began = performance.now();
  const watch = new MutationObserver(() => {
    const last = [...document.querySelectorAll('[data-testid=message]')].at(-1);
    if (!last.querySelector('.note')) return;
    watch.disconnect();
    done(performance.now() - began);
  });
  watch.observe(document.body, {childList: true, subtree: true});
  document.querySelector('button.stop').click();
})"""

# Notes when the server sent something last: a quick run of the script is over before the page
# draws that it began.
FRAMES = """() => {
  const Usual = window.WebSocket;
  window.WebSocket = class extends Usual {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', () => { window.framed = performance.now(); });
    }
  };
}"""

RERUN = """button => new Promise(done => {
  const began = performance.now();
  const look = () => {
    if (window.framed > began && performance.now() - window.framed > 400) {
      done(window.framed - began);
    } else setTimeout(look, 20);
  };
  look();
  document.querySelector(button).click();
})"""


# From a click on another chat at the side until its first message is drawn.
SWITCH = """line => new Promise(done => {
  const began = performance.now();
  const wanted = `word${line.title.split(' ')[1]} `;
  const look = () => {
    const first = document.querySelector('[data-testid=message]');
    if (!first?.textContent.includes(wanted)) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, {childList: true, subtree: true, characterData: true});
  line.click();
})"""

# From a click on another page's name until something of it is drawn.
PAGE = """place => new Promise(done => {
  const began = performance.now();
  const look = () => {
    if (!document.querySelector(place)) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, {childList: true, subtree: true});
  document.querySelector(place === 'h2' ? 'a[href$="/models"]' : 'a[href$="/"]').click();
})"""
