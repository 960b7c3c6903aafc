/** Languages by file name extension. */
const languages: Readonly<Record<string, string>> = {
  '.ts': 'TypeScript', '.tsx': 'TypeScript', '.mts': 'TypeScript', '.cts': 'TypeScript',
  '.js': 'JavaScript', '.mjs': 'JavaScript', '.cjs': 'JavaScript', '.jsx': 'JavaScript',
  '.json': 'JSON', '.md': 'Markdown', '.sql': 'SQL', '.sh': 'Shell', '.bash': 'Shell',
  '.yml': 'YAML', '.yaml': 'YAML', '.toml': 'TOML', '.html': 'HTML', '.css': 'CSS', '.svg': 'SVG',
  '.py': 'Python', '.rb': 'Ruby', '.go': 'Go', '.rs': 'Rust', '.java': 'Java', '.kt': 'Kotlin',
  '.c': 'C', '.h': 'C', '.cc': 'C++', '.cpp': 'C++', '.hpp': 'C++', '.cs': 'C#', '.php': 'PHP', '.lua': 'Lua', '.txt': 'text',
}

/** @param extension with its dot, as `extname` gives it. */
export function languageOf(extension: string): string {
  return languages[extension.toLowerCase()] ?? 'other'
}
