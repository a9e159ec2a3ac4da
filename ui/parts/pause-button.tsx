/** Pauses what runs, and resumes what is paused. */
export function PauseButton({
  isPaused,
  act,
}: {
  isPaused: boolean;
  act: (action: 'pause' | 'resume') => Promise<void>;
}) {
  return isPaused ? (
    <button type="button" class="primary" onClick={() => void act('resume')}>
      Resume
    </button>
  ) : (
    <button type="button" onClick={() => void act('pause')}>
      Pause
    </button>
  );
}
