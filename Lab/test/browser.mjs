// A headless Chromium, driven through the DevTools protocol over a pipe. The messages are JSON, and a zero
// byte ends each.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Browser {
  #process;
  #profile = mkdtempSync(join(tmpdir(), 'lab-chromium-'));
  #number = 0;
  #open = new Map();
  #listeners = [];

  constructor(program) {
    this.#process = spawn(program, [
      '--headless=new', '--remote-debugging-pipe', '--no-sandbox', '--no-first-run', '--disable-gpu',
      '--disable-dev-shm-usage', '--hide-scrollbars', `--user-data-dir=${this.#profile}`, 'about:blank',
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    let text = '';
    const decoder = new TextDecoder();
    this.#process.stdio[4].on('data', (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      const messages = text.split('\0');
      text = messages.pop();
      messages.forEach((message) => this.#receive(JSON.parse(message)));
    });
  }

  #receive({ id, result, error, method, params, sessionId }) {
    if (id === undefined) {
      this.#listeners.forEach((listener) => listener(method, params, sessionId));
      return;
    }
    const { resolve, reject } = this.#open.get(id);
    this.#open.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#number++;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
  }

  listen(listener) { this.#listeners.push(listener); }

  // A new tab of the given size in pixels, light or dark.
  async page(width, height, scheme = 'light') {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await page.send('Page.enable');
    await page.send('Runtime.enable');
    await page.send('Log.enable');
    await page.appear(width, height, scheme);
    return page;
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    await this.send('Browser.close').catch(() => this.#process.kill());
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  // Complaints of the console and the browser.
  complaints = [];

  constructor(browser, session) {
    this.browser = browser;
    this.session = session;
    browser.listen((method, params, sessionId) => {
      if (sessionId === session) this.#hear(method, params);
    });
  }

  #hear(method, params) {
    if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(params.type)) {
      this.complaints.push(params.args.map((value) => value.description ?? value.value).join(' '));
    } else if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) {
      this.complaints.push(params.entry.text);
    } else if (method === 'Page.loadEventFired') {
      this.loaded?.();
    }
  }

  send(method, params) { return this.browser.send(method, params, this.session); }

  // Sets the size in pixels, and light or dark.
  async appear(width, height, scheme) {
    await this.send('Emulation.setDeviceMetricsOverride',
      { width, height, deviceScaleFactor: 1, mobile: width < 500 });
    await this.send('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async open(url) {
    const loaded = new Promise((resolve) => { this.loaded = resolve; });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  // The value of an expression; a promise is awaited.
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  // Calls a function in the page with values that JSON can represent.
  call(body, ...values) { return this.evaluate(`(${body})(${values.map((v) => JSON.stringify(v)).join(',')})`); }

  async press(key) {
    const code = { Tab: 9, ArrowRight: 39, Home: 36, End: 35 }[key];
    for (const type of ['keyDown', 'keyUp']) {
      await this.send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: code });
    }
  }
}
