import { lazy, Suspense } from 'react';
import { createBrowserRouter, Navigate, Outlet } from 'react-router';
import { LivenessContext, useLiveUpdates } from '../api/live';
import type { Role } from '../api/types';
import { NoticeToasts } from '../notices/NoticeToasts';
import { HOME, NeedsLogin, useSession } from '../session';
import { FullPageLoading } from '../ui/states';
import { LoginPage } from './LoginPage';
import { NotFoundPage } from './NotFoundPage';
import { PageError } from './PageError';
import { Shell } from './Shell';
import { loadViewer } from './viewer-chunk';

const StudiesPage = lazy(() => import('../studies/StudiesPage').then((m) => ({ default: m.StudiesPage })));
const StudyPage = lazy(() => import('../studies/StudyPage').then((m) => ({ default: m.StudyPage })));
const WorklistPage = lazy(() => import('../worklist/WorklistPage').then((m) => ({ default: m.WorklistPage })));
const PeersPage = lazy(() => import('../admin/PeersPage').then((m) => ({ default: m.PeersPage })));
const SetAsidePage = lazy(() => import('../admin/SetAsidePage').then((m) => ({ default: m.SetAsidePage })));
const ReadersPage = lazy(() => import('../admin/ReadersPage').then((m) => ({ default: m.ReadersPage })));
const QueuePage = lazy(() => import('../admin/QueuePage').then((m) => ({ default: m.QueuePage })));
const OrdersPage = lazy(() => import('../orders/OrdersPage').then((m) => ({ default: m.OrdersPage })));
const OrderPage = lazy(() => import('../orders/OrderPage').then((m) => ({ default: m.OrderPage })));
const NewOrderPage = lazy(() => import('../orders/NewOrderPage').then((m) => ({ default: m.NewOrderPage })));
const ImportPage = lazy(() => import('../orders/ImportPage').then((m) => ({ default: m.ImportPage })));
const TracePage = lazy(() => import('../orders/TracePage').then((m) => ({ default: m.TracePage })));
const ReadingPage = lazy(() => loadViewer().then((m) => ({ default: m.ReadingPage })));
const ImagesPage = lazy(() => loadViewer().then((m) => ({ default: m.ImagesPage })));

function Private() {
  return (
    <NeedsLogin>
      <LivePages />
    </NeedsLogin>
  );
}

/** Every page is told of changes; what is urgent shows above each. */
function LivePages() {
  const liveness = useLiveUpdates();
  return (
    <LivenessContext value={liveness}>
      <Suspense fallback={<FullPageLoading />}>
        <Outlet />
      </Suspense>
      <NoticeToasts />
    </LivenessContext>
  );
}

function Home() {
  return <Navigate to={HOME[useSession().role]} replace />;
}

/** Pages that only some roles have; others are taken to their own. */
function For({ roles }: { roles: readonly Role[] }) {
  return roles.includes(useSession().role) ? <Outlet /> : <Home />;
}

export const router = createBrowserRouter([
  { path: '/login', element: <LoginPage />, errorElement: <PageError /> },
  {
    element: <Private />,
    errorElement: <PageError />,
    children: [
      { index: true, element: <Home /> },
      {
        element: <Shell />,
        children: [
          { path: 'studies', element: <StudiesPage /> },
          { path: 'studies/:uid', element: <StudyPage /> },
          {
            element: <For roles={['radiologist', 'admin']} />,
            children: [{ path: 'reading', element: <WorklistPage /> }],
          },
          { path: 'orders', element: <OrdersPage /> },
          {
            element: <For roles={['radiographer', 'admin']} />,
            children: [
              { path: 'orders/new', element: <NewOrderPage /> },
              { path: 'orders/import', element: <ImportPage /> },
            ],
          },
          { path: 'orders/:id', element: <OrderPage /> },
          {
            element: <For roles={['admin']} />,
            children: [
              { path: 'admin', element: <QueuePage /> },
              { path: 'admin/set-aside', element: <SetAsidePage /> },
              { path: 'peers', element: <PeersPage /> },
              { path: 'admin/readers', element: <ReadersPage /> },
              { path: 'admin/worklist', element: <TracePage /> },
            ],
          },
        ],
      },
      { path: 'studies/:uid/images', element: <ImagesPage /> },
      {
        element: <For roles={['radiologist', 'admin']} />,
        children: [{ path: 'reading/:taskId', element: <ReadingPage /> }],
      },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
]);
