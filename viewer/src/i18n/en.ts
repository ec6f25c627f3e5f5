/** All texts in English: one file for each area of the application. */
import admin from './en/admin.json';
import app from './en/app.json';
import layout from './en/layout.json';
import letters from './en/letters.json';
import notices from './en/notices.json';
import objects from './en/objects.json';
import orders from './en/orders.json';
import report from './en/report.json';
import studies from './en/studies.json';
import tools from './en/tools.json';
import view from './en/view.json';
import worklist from './en/worklist.json';

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
