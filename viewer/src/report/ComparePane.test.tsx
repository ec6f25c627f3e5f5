import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { aNode, show } from '../app/rendering';
import { ComparePane } from './ComparePane';

const aPrior = (uid: string, date: string) => ({
  study_instance_uid: uid,
  study_date: date,
  modalities: ['DX'],
  body_part: 'CHEST',
  description: '',
});
const aReport = {
  version: 1,
  kind: 'report',
  state: 'final',
  signatures: [],
  report: { language: 'vi', findings: '', conclusion: 'Không thấy tổn thương.' },
};

function theNode(...priors: ReturnType<typeof aPrior>[]) {
  aNode({
    'GET /api/studies/now': { body: { study_instance_uid: 'now', study_date: '20250601', series: [] } },
    'GET /api/studies/now/priors': { body: { items: priors } },
    'GET /api/reading/studies/now/priors': { body: { items: priors } },
    ...Object.fromEntries(
      priors.flatMap(({ study_instance_uid: uid }) => [
        [`GET /api/studies/${uid}/reports`, { body: { items: [aReport] } }],
        [`GET /api/reading/studies/${uid}/reports`, { body: { items: [aReport] } }],
      ]),
    ),
  });
  show(<ComparePane studyUid="now" onClose={() => undefined} onCopy={() => undefined} />);
}

it('begins with an earlier study; a later one stands apart, says so and is not copied as a prior', async () => {
  theNode(aPrior('later', '20261121'), aPrior('before', '20240101'));
  const list = await screen.findByRole('combobox', { name: 'Lần chụp' });
  expect((list as HTMLSelectElement).value).toBe('before');
  expect(await screen.findByRole('button', { name: 'Đưa vào mục So sánh' })).toBeTruthy();
  expect(screen.getByRole('group', { name: 'Sau ca này' }).textContent).toContain('21/11/2026');
  await userEvent.selectOptions(list, 'later');
  expect(await screen.findByText(/làm SAU ca đang đọc/)).toBeTruthy();
  expect(await screen.findByText('Không thấy tổn thương.')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Đưa vào mục So sánh' })).toBeNull();
});

it('does not take a later study for a prior where there is no other', async () => {
  theNode(aPrior('later', '20261121'));
  expect(await screen.findByText('Không có phim cũ')).toBeTruthy();
  expect(screen.queryByText('Không thấy tổn thương.')).toBeNull();
});
