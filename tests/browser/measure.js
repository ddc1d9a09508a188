// SPDX-License-Identifier: GPL-2.0-or-later
// Put at the end of a copy of the page by check: what only a browser knows of it is written into an
// element, one complaint a line, or "fine".
'use strict';

const complaints = [];

function boxOf(element) {
	const b = element.getBoundingClientRect();
	return {left: b.left, top: b.top, right: b.right, bottom: b.bottom};
}

function overlap(a, b) {
	return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
}

function inside(a, b) {
	return a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 2 && a.bottom <= b.bottom + 2;
}

function measureDrawing(svg) {
	const frame = boxOf(svg);
	const texts = [...svg.querySelectorAll('text')].map(t => ({text: t.textContent, box: boxOf(t)}));
	for (const [i, t] of texts.entries()) {
		if (!inside(t.box, frame))
			complaints.push(`outside of the drawing: ${t.text}`);
		for (const other of texts.slice(i + 1))
			if (overlap(t.box, other.box))
				complaints.push(`overlap: ${t.text} | ${other.text}`);
	}
	for (const row of svg.querySelectorAll('.row')) {
		const pill = row.querySelector('.pill');
		const owner = row.querySelector('.owner');
		if (pill && !inside(boxOf(owner), boxOf(pill)))
			complaints.push(`outside of its pill: ${owner.textContent}`);
	}
	for (const label of svg.querySelectorAll('.group, .note'))
		if (![...svg.querySelectorAll('.box')].some(box => inside(boxOf(label), boxOf(box))))
			complaints.push(`outside of its group: ${label.textContent}`);
}

function colour(text) {
	const n = text.match(/[\d.]+/g).map(Number);
	return {r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1};
}

// WCAG 2.1, relative luminance and contrast ratio
function luminance(c) {
	const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	return 0.2126 * part(c.r) + 0.7152 * part(c.g) + 0.0722 * part(c.b);
}

function background(element) {
	for (let e = element; e; e = e.parentElement) {
		const c = colour(getComputedStyle(e).backgroundColor);
		if (c.a === 1)
			return c;
	}
	return colour('rgb(255, 255, 255)');
}

function measureContrast() {
	const seen = new Set();
	for (const e of document.querySelectorAll('body *:not(svg *)')) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
			continue;
		const front = luminance(colour(getComputedStyle(e).color));
		const back = luminance(background(e));
		const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
		const name = `${e.tagName}.${e.className}`;
		if (ratio < 4.5 && !seen.has(name)) {
			seen.add(name);
			complaints.push(`contrast of ${ratio.toFixed(2)}: ${name}`);
		}
	}
}

for (const d of document.querySelectorAll('details'))
	d.open = true;
for (const svg of document.querySelectorAll('svg[role=img]'))
	measureDrawing(svg);
measureContrast();
if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
	complaints.push(`the page is ${document.documentElement.scrollWidth} wide, the window ` +
		`${document.documentElement.clientWidth}`);
for (const a of document.querySelectorAll('nav a'))
	if (!document.querySelector(a.getAttribute('href')))
		complaints.push(`leads nowhere: ${a.getAttribute('href')}`);

const result = document.createElement('pre');
result.id = 'result';
result.textContent = complaints.length ? complaints.join('\n') : 'fine';
result.dataset.drawings = document.querySelectorAll('svg[role=img]').length;
result.dataset.dark = matchMedia('(prefers-color-scheme: dark)').matches;
document.body.append(result);
