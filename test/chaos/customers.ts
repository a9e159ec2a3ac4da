/** A table for jobs of the suite, the same in every cluster: numbers, categories, a date and missing cells. */

export const customersName = 'customers';

export function customersCsv(): string {
  const lines = Array.from({ length: 2_000 }, (_, row) => {
    const tenure = (row * 7_919) % 97;
    const city = ['Oslo', 'Bergen', 'Bodø', ''][(row * 31) % 4] ?? '';
    const day = String(1 + (row % 28)).padStart(2, '0');
    const amount = row % 13 === 0 ? '' : String(((row * 104_729) % 10_007) / 100);
    const churned = tenure + (city === 'Oslo' ? 30 : 0) + (row % 7) < 50 ? 'yes' : 'no';
    return `${tenure},${city},2024-03-${day},${amount},${row % 50 === 9 ? '' : churned}`;
  });
  return ['tenure,city,joined,amount,churned', ...lines, ''].join('\n');
}
