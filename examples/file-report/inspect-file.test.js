import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { inspectFile } from './inspect-file.js';
const root = mkdtempSync(join(tmpdir(), 'file-report-'));
afterAll(() => rmSync(root, { recursive: true }));
test('size, lines, hash and language of a file', async () => {
    writeFileSync(join(root, 'a.ts'), 'one\ntwo\n');
    const sha256 = createHash('sha256').update('one\ntwo\n').digest('hex');
    expect(await inspectFile({ root, path: 'a.ts' })).toEqual({ path: 'a.ts', language: 'TypeScript', bytes: 8, lines: 2, sha256 });
});
test('a last line without its newline counts, and an empty file has none', async () => {
    writeFileSync(join(root, 'b.txt'), 'one\ntwo');
    writeFileSync(join(root, 'empty'), '');
    expect(await inspectFile({ root, path: 'b.txt' })).toMatchObject({ lines: 2 });
    expect(await inspectFile({ root, path: 'empty' })).toMatchObject({ lines: 0, bytes: 0, language: 'other' });
});
test('a file with a zero byte is binary and has no lines', async () => {
    writeFileSync(join(root, 'c.md'), Buffer.from([1, 10, 0, 10]));
    expect(await inspectFile({ root, path: 'c.md' })).toMatchObject({ language: 'binary', lines: 0, bytes: 4 });
});
test('any name is a name: dashes, newlines, bytes that are not UTF-8', async () => {
    const name = Buffer.from([0x2d, 0x0a, 0x27, 0xff, 0xfe]);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'x\n');
    expect(await inspectFile({ root, path: name.toString('latin1'), encoding: 'latin1' })).toMatchObject({ bytes: 2, lines: 1 });
});
test('a file that cannot be read is a finding', async () => {
    expect(await inspectFile({ root, path: 'nowhere.ts' })).toEqual({ path: 'nowhere.ts', language: 'TypeScript', unread: 'ENOENT' });
    expect(await inspectFile({ root, path: '.' })).toEqual({ path: '.', language: 'other', unread: 'EISDIR' });
});
