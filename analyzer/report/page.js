/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report's filter and keys. The page is whole without it: what is here chooses which rows are shown,
 * which finding is in the pager, and which step is the current one. The place in the page is the fragment
 * alone, so that links, Back and bookmarks work.
 */
'use strict';

(function () {
	const root = document.documentElement;
	const pick = (selector, from) => (from || document).querySelector(selector);
	let rows, articles, overview, list, main, count;
	const fields = {};
	let shown = null;	/* the article in the pager; null: the overview */
	let step = null;	/* the current step */
	let words;		/* of each row, for the filter; made when first needed */

	root.className = 'js';

	/* --- the pager --- */

	function setStep(next) {
		if (step)
			step.removeAttribute('aria-current');
		step = next;
		if (!step)
			return;
		step.setAttribute('aria-current', 'step');
		step.tabIndex = -1;
		step.focus({ preventScroll: true });
		step.scrollIntoView({ block: 'nearest' });
	}

	function show(article) {
		const row = rows[articles.indexOf(article)], was = rows[articles.indexOf(shown)];

		setStep(null);
		(shown || overview).classList.remove('on');
		if (was)
			was.removeAttribute('aria-current');
		shown = article;
		(shown || overview).classList.add('on');
		main.scrollTop = 0;
		if (row) {
			row.setAttribute('aria-current', 'true');
			row.scrollIntoView({ block: 'nearest' });
		}
	}

	/* What the fragment names: a finding, a rule's help, or the overview. */
	function go() {
		const target = document.getElementById(location.hash.slice(1));
		const article = target && target.localName === 'article' ? target : null;

		show(article);
		if (article) {
			pick('h2', article).focus({ preventScroll: true });
		} else if (target && target !== overview) {
			const details = target.closest('details');

			if (details)
				details.open = true;
			target.scrollIntoView({ block: 'nearest' });
			pick('summary', details || undefined).focus();
		}
	}

	/* Go there without a step of history: keys are pressed often. */
	function jump(id) {
		history.replaceState(null, '', '#' + id);
		go();
	}

	function moveFinding(by) {
		let i = shown ? articles.indexOf(shown) : by > 0 ? -1 : rows.length;

		do
			i += by;
		while (rows[i] && rows[i].hidden);
		if (rows[i])
			jump(articles[i].id);
	}

	function openFirst() {
		const i = rows.findIndex((row) => !row.hidden);

		if (i >= 0)
			jump(articles[i].id);
	}

	function moveStep(by) {
		let steps;

		if (!shown)
			moveFinding(1);
		if (!shown)
			return;
		steps = Array.from(shown.querySelectorAll('.step'));
		setStep(steps[step ? steps.indexOf(step) + by : by > 0 ? 0 : steps.length - 1] || step);
	}

	/* --- the filter --- */

	function cell(row, i) {
		return row.cells[i].textContent;
	}

	/* The folders of a row's file, the outermost first. */
	function folders(row) {
		const parts = cell(row, 2).split('/');

		return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/') + '/');
	}

	function fill(select, names) {
		const counts = new Map();

		for (const row of rows)
			for (const name of names(row))
				counts.set(name, (counts.get(name) || 0) + 1);
		for (const name of Array.from(counts.keys()).sort()) {
			const option = document.createElement('option');

			option.value = name;
			option.textContent = name + ' (' + counts.get(name) + ')';
			select.append(option);
		}
		select.disabled = !counts.size;
	}

	function filter() {
		const wanted = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean);
		let n = 0;

		if (!words)
			words = rows.map((row) => row.textContent.toLowerCase());
		rows.forEach((row, i) => {
			const hide = (fields.level.value && cell(row, 0) !== fields.level.value) ||
				(fields.rule.value && cell(row, 1) !== fields.rule.value) ||
				!cell(row, 2).startsWith(fields.folder.value) ||
				!wanted.every((word) => words[i].includes(word));

			n += !hide;
			if (row.hidden !== Boolean(hide))
				articles[i].hidden = row.hidden = Boolean(hide);
		});
		count.textContent = n === rows.length ? '' : n + ' of ' + rows.length + ' shown';
	}

	/* --- keys --- */

	function escape() {
		if (document.activeElement === fields.text) {
			fields.text.value = '';
			filter();
			fields.text.blur();
		} else if (step) {
			setStep(null);
			pick('h2', shown).focus({ preventScroll: true });
		} else if (shown) {
			jump('overview');
		}
	}

	const keys = {
		j: () => moveStep(1),
		k: () => moveStep(-1),
		n: () => moveFinding(1),
		p: () => moveFinding(-1),
		'/': () => fields.text.select(),
		'?': () => pick('#keys').showModal(),
		Escape: escape,
	};

	function press(event) {
		const typing = event.target.matches('input, select') && event.key !== 'Escape';
		const modified = event.ctrlKey || event.metaKey || event.altKey;

		if (typing || modified || pick('#keys').open || !Object.hasOwn(keys, event.key))
			return;
		event.preventDefault();
		keys[event.key]();
	}

	function start() {
		list = pick('#list');
		main = pick('main');
		overview = pick('#overview');
		count = pick('output');
		rows = Array.from(document.querySelectorAll('#list tbody tr'));
		articles = Array.from(document.querySelectorAll('article'));
		for (const name of ['rule', 'level', 'folder', 'text'])
			fields[name] = pick('#by-' + name);
		fill(fields.level, (row) => [cell(row, 0)]);
		fill(fields.rule, (row) => [cell(row, 1)]);
		fill(fields.folder, folders);
		pick('header form').hidden = !rows.length;
		pick('header form').addEventListener('input', filter);
		pick('header form').addEventListener('submit', (event) => {
			event.preventDefault();
			openFirst();
		});
		pick('#keys-button').addEventListener('click', keys['?']);
		list.addEventListener('click', (event) => {
			const row = event.target.closest('tbody tr');

			if (row && !event.target.closest('a'))
				location.hash = articles[rows.indexOf(row)].id;
		});
		addEventListener('keydown', press);
		addEventListener('hashchange', go);
		go();
	}

	document.addEventListener('DOMContentLoaded', start);
})();
