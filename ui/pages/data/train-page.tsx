/** The form that trains on a dataset: what to learn, from which columns and rows, and how; each choice of the service is shown
 * with its reason and can be changed. The service resolves the request anew after each change. */
import { useEffect, useState } from 'preact/hooks';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import type { PageProps } from '../../shell/page-props.js';
import { api, type JobRequest } from '../../service/api.js';
import { goTo, linkTo } from '../../shell/router.js';
import { loadDataset, suggestedTarget, type ShownDataset } from './dataset.js';
import { ColumnChoices } from './column-choices.js';
import { RecipeFields } from './recipe-fields.js';
import { Reasons } from './reasons.js';
import { SplitChoices } from './split-choices.js';
import { TargetChoice } from './target-choice.js';
import { TrainBar } from './train-bar.js';
import { noChoices, requestOf, type Changes, type Choices, type Plan } from './training-request.js';
import './data.css';

/** Typing is not answered letter by letter. */
const settledAfterMs = 250;

export default function TrainPage({ params: { name = '' }, query }: PageProps) {
  const version = query.get('version');
  const { data, error } = useResource((signal) => loadDataset(name, version, signal), [name, version]);
  return (
    <Page
      title={`Train on ${name}`}
      above={[
        [linkTo(['data']), 'Data'],
        [linkTo(['data', name]), name],
      ]}
      lead="Everything is filled in. Change what you like, and train."
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data && data.dataset.status !== 'ready' && (
        <Notice kind="warning" title="This dataset cannot be trained on yet">
          <a href={linkTo(['data', name])}>See how far it is</a>
        </Notice>
      )}
      {data?.dataset.status === 'ready' && <TrainingForm shown={data} />}
    </Page>
  );
}

function TrainingForm({ shown }: { shown: ShownDataset }) {
  const { dataset, profile } = shown;
  const suggested = suggestedTarget(shown);
  const [choices, setChoices] = useState<Choices>({
    ...noChoices,
    ...(profile && suggested !== undefined && { target: suggested }),
  });
  const [latest, setLatest] = useState<Plan>();
  const request = requestOf({ name: dataset.name, version: dataset.version }, choices, latest);
  const { plan, error, isPlanning } = usePlan(request, setLatest);
  const [isSubmitting, setIsSubmitting] = useState(false);
  const [refusal, setRefusal] = useState<unknown>();
  const change = (changes: Changes): void => setChoices((now) => withoutUndefined({ ...now, ...changes }));
  const train = async (): Promise<void> => {
    setIsSubmitting(true);
    setRefusal(undefined);
    try {
      const { id } = await api.post('/v1/jobs', { body: request });
      goTo(['jobs', id]);
    } catch (reason) {
      setRefusal(reason);
      setIsSubmitting(false);
    }
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void train();
      }}
    >
      {profile && (
        <Section title="What to learn">
          <TargetChoice
            profile={profile}
            choices={choices}
            suggested={suggested}
            plan={plan}
            onChange={change}
          />
        </Section>
      )}
      {profile && (
        <Section title="Columns to learn from">
          <ColumnChoices profile={profile} choices={choices} onChange={change} />
        </Section>
      )}
      <Section title="Rows">
        <SplitChoices dataset={dataset} profile={profile} choices={choices} plan={plan} onChange={change} />
      </Section>
      <Section title="Recipe">
        <RecipeFields choices={choices} plan={plan} onChange={change} />
        {plan && <Reasons plan={plan} />}
      </Section>
      <div class="train-foot">
        {error !== undefined && <ErrorNotice error={error} title="This cannot be trained yet" />}
        {refusal !== undefined && <ErrorNotice error={refusal} title="The job was not accepted" />}
        <TrainBar
          plan={plan}
          request={request}
          isPlanning={isPlanning}
          isDisabled={isSubmitting || error !== undefined || !plan}
        />
      </div>
    </form>
  );
}

/** What the service would make of the request, asked for once its reader stops changing it. */
function usePlan(
  request: JobRequest,
  onPlan: (plan: Plan) => void,
): { plan: Plan | undefined; error: unknown; isPlanning: boolean } {
  const wanted = JSON.stringify(request);
  const [settled, setSettled] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(wanted), settledAfterMs);
    return () => clearTimeout(timer);
  }, [wanted]);
  const { data, error, isLoading } = useResource(
    async (signal) => {
      const plan = await api.post('/v1/jobs/plan', { body: JSON.parse(settled) as JobRequest, signal });
      onPlan(plan);
      return plan;
    },
    [settled],
  );
  return { plan: data, error, isPlanning: isLoading || settled !== wanted };
}

/** A choice that is taken back is the service's again. */
function withoutUndefined(choices: Choices): Choices {
  return Object.fromEntries(
    Object.entries(choices).filter(([, value]) => value !== undefined),
  ) as unknown as Choices;
}
