"use strict";
// Fetches the page again and again and replaces what has changed. All of it can be done
// without: the page is complete, and its switches are links.
(() => {
	const interval = 10_000;
	const share = 20; // of the server's time that a page may take: one part in so many
	const byID = (id) => document.getElementById(id);
	const parts = (root) => [...root.querySelectorAll("[data-part]")];
	// What the server sent of each part: what is open or typed in does not count as change.
	const sent = new Map(parts(document).map((part) => [part.id, part.outerHTML]));
	let paused = matchMedia("(prefers-reduced-motion: reduce)").matches;
	let timer = 0;
	let took = 0;

	// A form would lose what is typed, and a hidden page has no reader.
	const busy = () => paused || document.hidden || document.activeElement?.closest("form");

	// replace keeps what the reader did: focus, open details, scrolled tables.
	const replace = (old, fresh) => {
		const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
		const open = [...old.querySelectorAll("details[open]")].map((e) => e.id);
		const scrolled = [...old.querySelectorAll(".scroll")].map((e) => [e.id, e.scrollLeft, e.scrollTop]);
		old.replaceWith(document.adoptNode(fresh));
		open.forEach((id) => byID(id)?.setAttribute("open", ""));
		scrolled.forEach(([id, left, top]) => byID(id)?.scrollTo(left, top));
		if (focus) byID(focus)?.focus({ preventScroll: true });
	};

	const update = (page) => {
		const fresh = parts(page);
		// Other parts than before: a processor has started or stopped.
		if (fresh.map((part) => part.id).join() !== [...sent.keys()].join()) return location.reload();
		for (const part of fresh) {
			const text = part.outerHTML;
			if (text !== sent.get(part.id)) replace(byID(part.id), part);
			sent.set(part.id, text);
		}
	};

	const refresh = async () => {
		clearTimeout(timer);
		const begun = performance.now();
		try {
			const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
			if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
			update(new DOMParser().parseFromString(await answer.text(), "text/html"));
			byID("trouble").textContent = "";
		} catch (error) {
			byID("trouble").textContent = `Not updated: ${error.message}`;
		}
		took = performance.now() - begun;
		schedule();
	};

	const schedule = () => {
		clearTimeout(timer);
		timer = setTimeout(() => (busy() ? schedule() : refresh()), Math.max(interval, share * took));
	};

	const save = async (event) => {
		event.preventDefault();
		const result = byID("save-result");
		result.textContent = "Saving …";
		try {
			const answer = await fetch(event.target.getAttribute("action"), {
				method: "POST",
				headers: { "X-Management-Key": byID("token").value },
			});
			const body = await answer.json().catch(() => ({}));
			result.textContent = answer.ok ? "Saved." : body.error || `${answer.status} ${answer.statusText}`;
			if (answer.ok) await refresh();
		} catch (error) {
			result.textContent = error.message;
		}
	};

	const showPause = () => { byID("pause").textContent = paused ? "Resume updates" : "Pause updates"; };
	byID("pause").addEventListener("click", () => {
		paused = !paused;
		showPause();
		if (!paused) refresh();
	});
	document.addEventListener("visibilitychange", () => { if (!busy()) refresh(); });
	byID("pause").removeAttribute("hidden");
	showPause();
	byID("save")?.removeAttribute("hidden");
	byID("main").addEventListener("submit", save);
	schedule();
})();
