/** Steps through the states that a job has kept: by hand, or as a film. */
import { useEffect, useState } from 'preact/hooks';
import './playback.css';

const frameMs = 90;

export function Playback({
  steps,
  step,
  describe,
  onChange,
}: {
  /** Ascending. */
  steps: readonly number[];
  step: number;
  describe: (step: number) => string;
  /** null: the newest. */
  onChange: (step: number | null) => void;
}) {
  const [isPlaying, setIsPlaying] = useState(false);
  const at = Math.max(0, steps.indexOf(step));
  const last = steps.length - 1;

  useEffect(() => {
    if (!isPlaying) return;
    if (at >= last) {
      setIsPlaying(false);
      return;
    }
    const timer = setTimeout(() => onChange(steps[at + 1] ?? null), frameMs);
    return () => clearTimeout(timer);
  }, [isPlaying, at, last]);

  const play = (): void => {
    if (!isPlaying && at >= last) onChange(steps[0] ?? null);
    setIsPlaying(!isPlaying);
  };

  return (
    <div class="playback">
      <button type="button" class="small-button" disabled={steps.length < 2} onClick={play}>
        {isPlaying ? 'Stop' : 'Replay'}
      </button>
      <input
        type="range"
        aria-label="Which moment of the training is shown"
        aria-valuetext={describe(step)}
        min={0}
        max={Math.max(0, last)}
        step={1}
        value={at}
        disabled={steps.length < 2}
        onInput={(event) => {
          setIsPlaying(false);
          onChange(steps[Number(event.currentTarget.value)] ?? null);
        }}
      />
      <output>{describe(step)}</output>
    </div>
  );
}
