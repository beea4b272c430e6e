import type { Page } from 'playwright-core';

/** What keeps people from using a page: content wider than the screen, fields and landmarks without a name. */
export const pageFaults = (page: Page): Promise<readonly string[]> =>
  // As text, since it runs in the browser: this program knows no DOM.
  page.evaluate(`(() => {
    const faults = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) faults.push('is ' + root.scrollWidth + ' pixels wide');
    for (const head of document.querySelectorAll('thead')) {
      const { left, right } = head.getBoundingClientRect();
      if (left < 0 && right > 0) faults.push('shows a part of a head that is to be hidden');
    }
    if (root.lang !== 'en') faults.push('does not tell its language');
    if (document.title === '') faults.push('has no title');
    for (const [selector, number] of [['h1', 1], ['main', 1]])
      if (document.querySelectorAll(selector).length !== number) faults.push('has not one ' + selector);
    for (const field of document.querySelectorAll('input:not([type=hidden]), textarea, select'))
      if (field.labels.length === 0) faults.push('has a field without a label: ' + field.name);
    for (const nav of document.querySelectorAll('nav'))
      if (!nav.getAttribute('aria-label')) faults.push('has a navigation without a name');
    const levels = [...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]));
    levels.forEach((level, index) => {
      if (index > 0 && level > levels[index - 1] + 1 && levels[0] === 1) faults.push('skips a level of headings');
    });
    return faults;
  })()`);
