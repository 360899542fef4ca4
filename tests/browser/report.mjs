// SPDX-License-Identifier: GPL-2.0-only
/*
 * node report.mjs NPM SCREENSHOTS WHAT PAGE SARIF: the report PAGE in Chromium, as its reader uses it. WHAT
 * is a name of the table at the end; SARIF holds the same findings. NPM is the folder where playwright-core
 * and axe-core are installed. Prints what is wrong, and fails.
 */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';

const [npm, screenshots, what, file, sarif] = process.argv.slice(2);
const require = createRequire(npm + '/');
const { chromium } = require('playwright-core');
const url = pathToFileURL(file).href;
const results = JSON.parse(readFileSync(sarif)).runs[0].results;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

/* A page that must do nothing but show itself: every request, dialog or error is a mistake. */
async function open(options, fragment = '') {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
	const page = await context.newPage();

	page.mistakes = [];
	page.on('request', (request) => {
		if (request.url().split('#')[0] !== url)
			page.mistakes.push('asks for ' + request.url());
	});
	page.on('dialog', (dialog) => {
		page.mistakes.push('dialog: ' + dialog.message());
		dialog.dismiss();
	});
	page.on('console', (message) => page.mistakes.push('console: ' + message.text()));
	page.on('pageerror', (error) => page.mistakes.push('error: ' + error.message));
	await page.goto(url + fragment);
	return page;
}

async function close(page) {
	assert.deepEqual(page.mistakes, []);
	await page.context().close();
}

const picture = (page, name) =>
	page.screenshot({ path: screenshots + '/' + basename(file, '.html') + '-' + name + '.png' });
const shownRows = (page) => page.$$eval('#list tbody tr', (rows) =>
	rows.filter((row) => row.checkVisibility()).map((row) => Array.from(row.cells, (cell) => cell.textContent)));

/* What a reader sees of the finding in the pager. */
const pager = (page) => page.evaluate(() => {
	const articles = Array.from(document.querySelectorAll('article')).filter((a) => a.checkVisibility());
	const steps = articles.flatMap((a) => Array.from(a.querySelectorAll('.step')));
	const current = document.querySelectorAll('[aria-current=step]');
	const view = document.querySelector('main').getBoundingClientRect();
	const box = current[0] && current[0].getBoundingClientRect();
	const row = document.querySelectorAll('tr[aria-current]');

	return {
		ids: articles.map((a) => a.id),
		steps: steps.length,
		currents: current.length,
		step: steps.indexOf(current[0]) + 1,
		inView: !box || (box.top >= view.top - 1 && box.bottom <= view.bottom + 1),
		focused: document.activeElement.className || document.activeElement.localName,
		hash: location.hash.slice(1),
		row: row.length === 1 ? row[0].querySelector('a').hash.slice(1) : null,
	};
});

/* --- filter ---------------------------------------------------------------------- */

/* Each choice of a list shows as many rows as it says, and only such. */
async function filterBy(page, id, fits) {
	const choices = await page.$$eval(id + ' option', (options) =>
		options.slice(1).map((option) => [option.value, option.textContent]));

	assert.equal(await page.isEnabled(id), choices.length > 0);
	for (const [value, text] of choices) {
		await page.selectOption(id, value);
		const rows = await shownRows(page);
		assert.equal(text, value + ' (' + rows.length + ')');
		assert.ok(rows.length && rows.every((row) => fits(row, value)), id + ' ' + value);
		assert.equal(await page.textContent('output'),
			rows.length === results.length ? '' : rows.length + ' of ' + results.length + ' shown');
	}
	if (choices.length)
		await page.selectOption(id, '');
	return choices.length;
}

async function filters(page) {
	const all = await shownRows(page), last = all[all.length - 1];

	assert.equal(all.length, results.length);
	assert.ok(await filterBy(page, '#by-rule', (row, rule) => row[1] === rule) > 1, 'rules');
	assert.ok(await filterBy(page, '#by-level', (row, level) => row[0] === level) > 1, 'levels');
	assert.ok(await filterBy(page, '#by-folder', (row, name) => row[2].startsWith(name)) > 1, 'folders');
	await page.keyboard.press('/');
	assert.equal(await page.evaluate(() => document.activeElement.id), 'by-text');
	await page.keyboard.type(last[1] + ' ' + last[3].toUpperCase());
	const found = await shownRows(page);
	assert.ok(found.length && found.length < all.length);
	assert.ok(found.every((row) => row[1] === last[1] && row[3] === last[3]));
	await page.keyboard.press('Enter');
	const { ids } = await pager(page), shown = await page.$$eval('#list tbody tr:not([hidden]) a', (links) =>
		links.map((a) => a.hash.slice(1)));
	assert.deepEqual(ids, [shown[0]]);
	await page.keyboard.press('p');
	assert.deepEqual((await pager(page)).ids, [shown[0]], 'what is filtered out was opened');
	await page.keyboard.press('Escape');
	assert.deepEqual((await pager(page)).ids, []);
	await page.keyboard.press('/');
	await page.keyboard.press('Escape');
	assert.equal((await shownRows(page)).length, all.length);
}

/* --- keys ------------------------------------------------------------------------ */

async function walkSteps(page, id) {
	const { steps } = await pager(page);

	assert.ok(steps > 0, id + ' has steps');
	for (let i = 1; i <= steps + 1; i++) {
		await page.keyboard.press('j');
		const now = await pager(page);
		assert.equal(now.currents, 1);
		assert.equal(now.step, Math.min(i, steps));
		assert.ok(now.inView, id + ': step ' + i + ' is out of view');
		assert.match(now.focused, /step/);
	}
	await page.keyboard.press('k');
	assert.equal((await pager(page)).step, Math.max(1, steps - 1));
}

async function keys(page) {
	const ids = await page.$$eval('#list tbody a', (links) => links.map((a) => a.hash.slice(1)));

	for (const id of ids) {
		await page.keyboard.press('n');
		const now = await pager(page);
		assert.deepEqual(now.ids, [id]);
		assert.deepEqual([now.hash, now.row, now.currents, now.focused], [id, id, 0, 'h2']);
		await walkSteps(page, id);
	}
	await page.keyboard.press('p');
	assert.deepEqual((await pager(page)).ids, [ids[ids.length - 2]]);
	await page.keyboard.press('j');
	await page.keyboard.press('Escape');
	assert.equal((await pager(page)).currents, 0);
	await page.keyboard.press('?');
	assert.ok(await page.isVisible('#keys'));
	await page.keyboard.press('Escape');
	assert.ok(!await page.isVisible('#keys'));
	await page.keyboard.press('Escape');
	assert.deepEqual((await pager(page)).ids, []);
	assert.ok(await page.isVisible('#overview'));
}

/* Links change the fragment, and the page follows. */
async function arrives(page, id) {
	await page.waitForSelector('article.on[id="' + id + '"]');
	assert.deepEqual((await pager(page)).ids, [id]);
}

async function links(page) {
	const fragment = await page.getAttribute('#list tbody tr:last-child a', 'href'), id = fragment.slice(1);

	await page.click('#list tbody tr:last-child td:last-child');
	await arrives(page, id);
	await page.click('article.on a[href^="#rule-"]');
	await page.waitForSelector('.help:target');
	assert.deepEqual((await pager(page)).ids, []);
	await page.goBack();
	await arrives(page, id);
	const other = await open({}, fragment);
	await arrives(other, id);
	await close(other);
}

async function browse() {
	const page = await open();

	await filters(page);
	await keys(page);
	await links(page);
	await close(page);
}

/* --- without script -------------------------------------------------------------- */

/* SARIF's messages have the fix, what is held, and doubled braces besides. */
const plain = (message) => message.text.replaceAll('{{', '{').replaceAll('}}', '}');

/* What is off the screen is not laid out (content-visibility); it is a frame or two after it came into view. */
async function shown(page, article) {
	for (let tries = 0; tries < 100; tries++) {
		const text = await article.innerText();

		if (text.trim())
			return text;
		await page.waitForTimeout(20);
	}
	return '';
}

async function noScript() {
	const page = await open({ javaScriptEnabled: false });

	assert.ok(!await page.isVisible('form[role=search]'), 'a filter that cannot work is shown');
	for (const result of results) {
		const article = page.locator('[id="' + result.partialFingerprints['devscope/v1'] + '"]');
		const steps = result.codeFlows[0].threadFlows[0].locations;

		await article.scrollIntoViewIfNeeded();
		const text = await shown(page, article);
		const read = text.split('\n').map((line) => line.trim()).filter(Boolean);
		assert.ok(read[0].length > 10 && plain(result.message).startsWith(read[0]), 'sentence: ' + read[0]);
		let at = 0;
		for (const [i, step] of steps.entries()) {
			at = read.indexOf(String(i + 1), at) + 1;
			assert.ok(at > 0, 'step ' + (i + 1) + ' is not to be read');
			assert.ok(plain(step.location.message).startsWith(read[at] || ' '), 'step: ' + read[at]);
		}
		assert.equal(await article.locator('.step').count(), steps.length);
	}
	await close(page);
}

/* --- what comes from the tree ---------------------------------------------------- */

async function hostile() {
	const page = await open();
	const name = '</script><img src=x onerror=alert(1)>\'"&.c';

	assert.equal(results.length, 1);
	await page.keyboard.press('n');
	assert.ok((await page.textContent('#list tbody td:nth-child(3)')).startsWith(name + ':'));
	const text = await page.innerText('article.on');
	for (const part of [name, '"<img src=x onerror=alert(3)>"',
		'mutex_lock(m); /* </script><script>alert(2)</script> "\' & &amp; \\xff \\x1b[31m \\u202e */'])
		assert.ok(text.includes(part), 'not shown as it is: ' + part);
	assert.deepEqual(await page.evaluate(() => ['img', 'script', 'style', 'link', 'iframe', 'object']
		.map((tag) => document.querySelectorAll(tag).length)), [0, 1, 1, 0, 0, 0]);
	assert.deepEqual(page.mistakes, []);
	/* What would get in all the same does nothing: the policy is there. */
	await page.evaluate(() => document.body.insertAdjacentHTML('beforeend',
		'<img src=http://localhost/x onerror=alert(4)>'));
	await page.waitForTimeout(200);
	for (const pattern of [/inline event handler violates/, /Loading the image .* violates/])
		assert.ok(page.mistakes.some((mistake) => pattern.test(mistake)), 'it passed: ' + pattern);
	assert.ok(!page.mistakes.some((mistake) => mistake.startsWith('dialog')));
	await page.context().close();
	await noScript();
}

/* --- many findings --------------------------------------------------------------- */

async function large() {
	const started = Date.now(), page = await open();
	const loaded = Date.now() - started;

	await page.keyboard.press('n');
	await page.keyboard.press('/');
	await page.keyboard.type('d7/ leaks');
	assert.equal((await shownRows(page)).length, 250);
	console.log(results.length + ' findings: loaded in ' + loaded + ' ms, opened and filtered after ' +
		(Date.now() - started) + ' ms');
	assert.ok(Date.now() - started < 30000);
	await close(page);
}

/* --- and none -------------------------------------------------------------------- */

async function nothing() {
	const page = await open();

	assert.equal(results.length, 0);
	for (const key of ['n', 'p', 'j', 'k', '/', 'Escape'])
		await page.keyboard.press(key);
	assert.ok(await page.isVisible('#list p') && await page.isVisible('#overview'));
	assert.ok(!await page.isVisible('form[role=search]'), 'a filter of nothing is shown');
	assert.match(await page.innerText('#overview'), /1 could not be read[^]*no_such_header/);
	await close(page);
}

/* --- looks ----------------------------------------------------------------------- */

/* What axe-core finds wrong for those who use other senses; the policy would not let it in, and is off. */
async function audit(page, where) {
	await page.addScriptTag({ path: require.resolve('axe-core') });
	const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));

	assert.deepEqual(found.violations.map((v) => v.id + ': ' + v.nodes[0].html), [], where);
}

async function looks() {
	for (const width of [1280, 1920])
		for (const colorScheme of ['light', 'dark']) {
			const viewport = { width, height: width * 5 / 8 }, name = width + '-' + colorScheme;
			const page = await open({ viewport, colorScheme, bypassCSP: true });

			await picture(page, name + '-overview');
			if (width === 1280)
				await audit(page, name + ' overview');
			await page.keyboard.press('p');
			await page.keyboard.press('j');
			await page.keyboard.press('j');
			await picture(page, name + '-finding');
			if (width === 1280)
				await audit(page, name + ' finding');
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
			await close(page);
		}
}

const all = { browse, noScript, hostile, large, nothing, looks };

try {
	await all[what]();
} finally {
	await browser.close();
}
