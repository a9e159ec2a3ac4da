/** Which figure is shown. */
import { Field } from '../../parts/field.js';
import { figureTitle, type FigureName } from './compared-jobs.js';

export function FigureSelect({
  label,
  figures,
  figure,
  onChange,
}: {
  /** For those who cannot see what it stands beside. */
  label: string;
  figures: readonly FigureName[];
  figure: FigureName;
  onChange: (figure: FigureName) => void;
}) {
  return (
    <Field label={<span class="visually-hidden">{label}</span>}>
      <select value={figure} onChange={({ currentTarget }) => onChange(currentTarget.value as FigureName)}>
        {figures.map((each) => (
          <option key={each} value={each}>
            {figureTitle(each)}
          </option>
        ))}
      </select>
    </Field>
  );
}
