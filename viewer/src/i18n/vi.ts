/** All texts in Vietnamese: one file for each area of the application. */
import admin from './vi/admin.json';
import app from './vi/app.json';
import layout from './vi/layout.json';
import letters from './vi/letters.json';
import notices from './vi/notices.json';
import objects from './vi/objects.json';
import orders from './vi/orders.json';
import report from './vi/report.json';
import studies from './vi/studies.json';
import tools from './vi/tools.json';
import view from './vi/view.json';
import worklist from './vi/worklist.json';

export default {
  ...admin,
  ...app,
  ...layout,
  ...letters,
  ...notices,
  ...objects,
  ...orders,
  ...report,
  ...studies,
  ...tools,
  ...view,
  ...worklist,
};
