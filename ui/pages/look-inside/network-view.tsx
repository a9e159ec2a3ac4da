/** A network from the inside: what its first layer looks for and, of digits, what it makes of a drawing. */
import type { NetworkModel } from '../../network/network-model.js';
import { Section } from '../../parts/page.js';
import { DigitReader, type SeePicture } from './digit-reader.js';
import { takesPictures, WeightPictures } from './weight-pictures.js';
import { WeightTable } from './weight-table.js';

export function NetworkView({ network, see }: { network: NetworkModel; see: SeePicture }) {
  if (!takesPictures(network)) {
    return (
      <Section title="What the first layer looks at">
        <p class="small muted">
          Each row is an input, each cell its weight to a unit: blue speaks for the unit, orange against it.
          The strongest inputs come first. A column of the table may become several inputs.
        </p>
        <WeightTable network={network} />
      </Section>
    );
  }
  return (
    <>
      {network.head.kind === 'classes' && <DigitReader network={network} see={see} />}
      <FirstLayer network={network} />
    </>
  );
}

function FirstLayer({ network }: { network: NetworkModel }) {
  return (
    <Section title="What the first layer looks for">
      <p class="small muted">
        One picture for each unit: ink where it is blue speaks for the unit, ink where it is orange speaks
        against it.
      </p>
      <WeightPictures network={network} />
    </Section>
  );
}
