import { expect, test } from 'vitest';
import { renderReport } from './report.js';
const file = (path, language, lines, bytes) => ({ path, language, lines, bytes, sha256: 'ab'.repeat(32) });
test('the report sums by language and shows the largest files first', () => {
    const report = renderReport('/src', [file('a.ts', 'TypeScript', 10, 300), file('b.ts', 'TypeScript', 5, 100), file('c.md', 'Markdown', 1200, 200)]);
    expect(report).toContain('3 files, 1,215 lines, 600 bytes.');
    expect(report.indexOf('| Markdown | 1 | 1,200 | 200 |')).toBeLessThan(report.indexOf('| TypeScript | 2 | 15 | 400 |'));
    expect(report.match(/^\| (?:a\.ts|b\.ts|c\.md)/gm)).toEqual(['| a.ts', '| c.md', '| b.ts']);
});
test('a file name cannot break the table or speak to the terminal', () => {
    const report = renderReport('/src', [file('x | y\n# z\u001b[31m<b>', 'other', 1, 1)]);
    expect(report).not.toContain('\u001b');
    expect(report).toContain(String.raw `| x \| y\\u\{a\}\# z\\u\{1b\}\[31m\<b\> | other | 1 | 1 |`);
});
test('files that could not be read are named apart', () => {
    expect(renderReport('/src', [{ path: 'a.ts', language: 'TypeScript', unread: 'ENOENT' }])).toContain('0 files, 0 lines, 0 bytes.\n\n1 file could not be read: a.ts (ENOENT).');
});
