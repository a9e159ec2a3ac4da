/** Numbers, sizes and times as people read them. */

/** Four significant digits; very small and very large numbers as powers of ten. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '−∞';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en');
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e9)
    return value
      .toExponential(digits - 2)
      .replace('-', '−')
      .replace('e', ' e');
  return value.toLocaleString('en', { maximumSignificantDigits: digits });
}

/** 0.9123 → 91.23 % */
export function formatPercent(fraction: number | null | undefined, digits = 2): string {
  if (fraction === null || fraction === undefined || !Number.isFinite(fraction)) return '–';
  return `${(fraction * 100).toFixed(digits)} %`;
}

const byteUnits = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < byteUnits.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toPrecision(3)} ${byteUnits[unit] ?? ''}`;
}

/** 0.8 s, 12 s, 3 min 5 s, 2 h 10 min, 3 d 4 h */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return twoParts(whole, [60, 'min'], [1, 's']);
  if (whole < 86_400) return twoParts(whole, [3_600, 'h'], [60, 'min']);
  return twoParts(whole, [86_400, 'd'], [3_600, 'h']);
}

function twoParts(seconds: number, [large, name]: [number, string], [small, rest]: [number, string]): string {
  const remainder = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${name}${remainder > 0 ? ` ${remainder} ${rest}` : ''}`;
}

/** “3 min ago”. */
export function formatAge(isoTime: string, nowMs = Date.now()): string {
  const seconds = (nowMs - Date.parse(isoTime)) / 1000;
  if (seconds < 10) return 'just now';
  return `${formatDuration(seconds).replace(/^(\d+ (?:s|min|h|d)).*/, '$1')} ago`;
}

export function formatTime(isoTime: string): string {
  return new Date(isoTime).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `log_loss` → `Log loss` */
export function formatName(name: string): string {
  const known: Record<string, string> = {
    roc_auc: 'ROC AUC',
    pr_auc: 'PR AUC',
    r2: 'R²',
    rmse: 'RMSE',
    mse: 'MSE',
    mae: 'MAE',
    f1: 'F1',
  };
  const text = known[name] ?? name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
