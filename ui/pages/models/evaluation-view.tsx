/** How good a version is: its figures in plain words, its mistakes, its thresholds, its calibration, and what its columns are worth. */
import { formatName, formatNumber, formatPercent } from '../../parts/format.js';
import { Figure, Figures } from '../../parts/figure.js';
import { Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { linkTo } from '../../shell/router.js';
import type { Evaluation } from '../../service/api.js';
import { CalibrationPlot } from './calibration-plot.js';
import { CellMatrix } from './cell-matrix.js';
import {
  baselineTexts,
  figureMeanings,
  formatFigure,
  intervalText,
  splitNames,
  verdict,
  type FigureName,
} from './figures-text.js';
import { Importance } from './importance.js';
import { mainFigureOf, mainSplit, type Split, type SplitName } from './model-data.js';
import { ResidualPlots } from './residual-plots.js';
import { ThresholdView } from './threshold-view.js';

/** `side`: of the pictures that the model takes. */
export function EvaluationView({ evaluation, side }: { evaluation: Evaluation; side: number | undefined }) {
  const main = mainSplit(evaluation);
  if (!main) return <Notice kind="info" title="There are no rows to judge it by" />;
  const [name, split] = main;
  const { labels, positive, importance } = evaluation;
  return (
    <div class="stack evaluation">
      <MainFigures evaluation={evaluation} name={name} split={split} />
      {labels && split.confusion && (
        <CellMatrix evaluation={evaluation} labels={labels} confusion={split.confusion} side={side} />
      )}
      {labels && positive !== undefined && split.thresholds && (
        <ThresholdView
          key={name}
          thresholds={split.thresholds}
          classes={split.classes ?? []}
          positive={positive}
          chosen={evaluation.threshold}
        />
      )}
      {split.pairs && <ResidualPlots split={split} />}
      <div class="columns">
        {split.calibration_bins && (
          <CalibrationPlot
            bins={split.calibration_bins}
            error={split.figures.calibration_error}
            temperature={evaluation.calibration?.temperature}
          />
        )}
        {importance && <Importance importance={importance} />}
      </div>
      {evaluation.mistakes && <Mistakes evaluation={evaluation} side={side} />}
    </div>
  );
}

function MainFigures({
  evaluation: { task },
  name,
  split,
}: {
  evaluation: Evaluation;
  name: SplitName;
  split: Split;
}) {
  const main = mainFigureOf(split.figures);
  const said = main && verdict(main, split);
  const figures = Object.keys(split.figures) as FigureName[];
  return (
    <Section title="Figures">
      <p class="muted">
        On {formatNumber(split.rows)} {splitNames[name]}
        {split.weights &&
          `, weighed: they tell as much as ${formatNumber(Math.round(split.weights.effective_rows))} equal ones`}
        .
      </p>
      {said && (
        <Notice kind={said.isGood ? 'success' : 'warning'}>
          <p>{said.text}</p>
        </Notice>
      )}
      <Figures>
        {figures.map((figure) => (
          <Figure key={figure} name={formatName(figure)} value={formatFigure(figure, split.figures[figure])}>
            {figureMeanings[figure]}
            {[intervalText(figure, split.intervals[figure]), ...baselineTexts(figure, split, task)]
              .filter(Boolean)
              .map((text) => (
                <span key={text} class="figure-comparison">
                  {text}
                </span>
              ))}
          </Figure>
        ))}
      </Figures>
    </Section>
  );
}

function Mistakes({
  evaluation: { mistakes, task, dataset, model },
  side,
}: {
  evaluation: Evaluation;
  side: number | undefined;
}) {
  const rows = mistakes?.rows ?? [];
  if (rows.length === 0) return null;
  const isClass = task === 'classification';
  return (
    <Section title={isClass ? 'Surest mistakes' : 'Largest errors'}>
      <p class="muted">
        Look at them first: they often show what is wrong in the data. Rows are counted from 0 in{' '}
        {dataset.name}.
      </p>
      <div class="table-frame" role="region" aria-label="Mistakes" tabIndex={0}>
        <table>
          <caption class="visually-hidden">Mistakes</caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                Row
              </th>
              <th scope="col">Actual</th>
              <th scope="col">Answer</th>
              {isClass && (
                <th scope="col" class="number">
                  How sure
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ row, output, actual, predicted, confidence }, i) => (
              <tr key={i}>
                <td class="number">
                  {side === undefined ? (
                    <a
                      href={linkTo(['models', model.name], {
                        version: String(model.version),
                        tab: 'try',
                        row: String(row),
                      })}
                    >
                      {formatNumber(row)}
                    </a>
                  ) : (
                    formatNumber(row)
                  )}
                </td>
                <td>
                  {output !== undefined && <span class="muted">{output}: </span>}
                  {shown(actual)}
                </td>
                <td>{shown(predicted)}</td>
                {isClass && <td class="number">{formatPercent(confidence, 1)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function shown(value: string | number): string {
  return typeof value === 'number' ? formatNumber(value) : value;
}
