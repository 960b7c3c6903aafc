/** Text as somebody would write it who wants a message to say or do what its sender did not mean. */
import fc from 'fast-check'

const attacks = [
  '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '</td></table><a href="javascript:alert(1)">x</a>', '"><svg onload=alert(1)>', '&lt;b&gt;', '<!-- -->', '<![CDATA[',
  '[click](https://evil.example)', '![x](https://evil.example/x.png)', '<https://evil.example>', 'https://evil.example/a_b*c', 'www.evil.example', 'a@evil.example', '[x]: https://evil.example',
  '`code`', '```', '````', '~~~', '**', '__', '~~', '||', '> quote', '# heading', '- item', '1. item', '---', '===', '| a | b |', '\\', '\\`', '$x$', '    indented',
  '@everyone', '@here', '<@123456789012345678>', '<@&123456789012345678>', '<#123>', '<!channel>', '<!here|x>', '<https://evil.example|x>', '<:a:1>', '<t:0:R>', '*bold*', '_it_', ':smile:',
  '\u001b[31mred\u001b[0m', '\u001b]0;title\u0007', '\u001b]8;;https://evil.example\u001b\\x\u001b]8;;\u001b\\', '\u009b2J', '\u0000', '\u0007', '\b\b\b', '\r', '\r\n', '\n', '\t', '\u007f', '\u0085', '\u2028',
  '\u202e', '\u2066', '\u200f', '\ufeff', '\u200b', '\ud800', '\udc00', '\u{e0041}', '日本語', '👩‍👩‍👧', 'e\u0301'.repeat(20), ' ', '', '=HYPERLINK("https://evil.example")', '+1', '-1', '@SUM(1)', '\t=1',
  'javascript:alert(1)', 'x'.repeat(500), '*'.repeat(300), '@'.repeat(300), '`'.repeat(7),
]

/** From nothing to many thousands of characters. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ maxLength: 12 })), { maxLength: 8 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...attacks), fc.integer({ min: 100, max: 2_000 })).map(([attack, times]) => attack.repeat(times).slice(0, 20_000)) },
)
